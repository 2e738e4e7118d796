package fleet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

const (
	// oldestServer is the first version with reliable conditional writes.
	oldestServerMajor, oldestServerMinor = 2, 12
	// betterServerMinor is the first version that restores few removed messages after it was killed.
	// An older server drops an empty block of a stream, together with the marks of messages that were
	// removed from older blocks: see https://github.com/nats-io/nats-server/pull/7387.
	betterServerMinor = 14
	// memberTTL is how long the server keeps the key of a member that no longer exists. Until then,
	// its last heartbeat says until when its jobs were polled.
	memberTTL = 24 * time.Hour
	// mostConsumers is the limit of consumers of the stream. Each partition has one for its owner, and
	// one for each process that waits for its jobs. If the configuration of a stream has no limit, the
	// server's default applies. It is 1,000 since version 2.15.
	mostConsumers = 1_000_000
	// nonceWindow is how long the server remembers the nonce of a message.
	nonceWindow = 30 * time.Second
	// partitionsKey is the key of the number of partitions in the metadata of the stream.
	partitionsKey = "jobstatus-partitions"
	// encryptionKey is the key of the name of the key that encrypts ids.
	encryptionKey = "jobstatus-ids-key"
)

// openNATS returns the engine on js, with all streams that a fleet needs.
func openNATS(ctx context.Context, js jetstream.JetStream, c *config) (*natsEngine, error) {
	account, err := checkServer(ctx, js)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	if version := js.Conn().ConnectedServerVersion(); !recent(version, betterServerMinor) {
		c.logger.Warn("a NATS server before 2.14 that is killed can bring back jobs that have ended: they end again under their Key",
			zap.String("version", version))
	}
	called := names(c.name)
	n := &natsEngine{natsStores: natsStores{js: js, names: called, asking: make(chan struct{}, maxAsking)}}
	if n.stream, err = openStream(ctx, js, streamConfig(c, account)); err != nil {
		return nil, fmt.Errorf("fleet: stream %s: %w", c.name, err)
	}
	for s, ttl := range map[store]time.Duration{members: memberTTL, owners: 0} {
		if err := openBucket(ctx, js, bucketConfig(c, s, ttl)); err != nil {
			return nil, fmt.Errorf("fleet: bucket %s: %w", called.bucket(s), err)
		}
	}
	if c.learner != nil {
		if n.learned, err = openStream(ctx, js, learnedConfig(c)); err != nil {
			return nil, fmt.Errorf("fleet: stream %s: %w", called.stream(learned), err)
		}
	}
	n.reader = &natsReader{js: js, names: called}
	n.replays = &replays{partitions: c.partitions, read: func(ctx context.Context, each func(message), caughtUp func()) error {
		return n.reader.follow(ctx, following{}, each, caughtUp)
	}}
	n.natsRelay = natsRelay{conn: js.Conn(), names: called}
	n.natsEnds = natsEnds{reader: n.reader, ackWait: c.ackWait}
	if _, err := n.consumer(ctx); err != nil {
		return nil, fmt.Errorf("fleet: consumer %s: %w", endsName, err)
	}
	return n, nil
}

// checkServer returns the account on the server, or an error if a fleet cannot use the server.
func checkServer(ctx context.Context, js jetstream.JetStream) (*jetstream.AccountInfo, error) {
	version := js.Conn().ConnectedServerVersion()
	if !recent(version, oldestServerMinor) {
		return nil, fmt.Errorf("the NATS server has version %q: want %d.%d or newer", version, oldestServerMajor, oldestServerMinor)
	}
	account, err := js.AccountInfo(ctx)
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount),
		errors.Is(err, nats.ErrNoResponders):
		return nil, fmt.Errorf("the NATS server %s has no JetStream for this account: want %d.%d or newer with JetStream: %w",
			version, oldestServerMajor, oldestServerMinor, err)
	case err != nil:
		return nil, fmt.Errorf("ask the NATS server for its JetStream: %w", err)
	}
	return account, nil
}

// recent reports whether a server's version is 2.minor or newer.
func recent(version string, minor int) bool {
	words := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(words) < 2 {
		return false
	}
	first, err1 := strconv.Atoi(words[0])
	second, err2 := strconv.Atoi(words[1])
	if err1 != nil || err2 != nil {
		return false
	}
	return first > oldestServerMajor || first == oldestServerMajor && second >= minor
}

// streamConfig is the configuration of the stream of the jobs. It sets no limits. A message that is
// removed because of a limit leaves no mark, so it can come back if the server is killed after the
// newer message was removed.
func streamConfig(c *config, account *jetstream.AccountInfo) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:        c.name,
		Description: "jobs that a fleet of github.com/iamber12/job-status-monitoring watches",
		Subjects:    []string{names(c.name).all()},
		Storage:     jetstream.FileStorage,
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew,
		Replicas:    c.replicas,
		Duplicates:  nonceWindow,
		AllowDirect: false, // each read sees all writes
		Metadata:    map[string]string{partitionsKey: strconv.Itoa(c.partitions), encryptionKey: c.key.fingerprint()},

		MaxConsumers: consumersOf(account),
	}
}

// consumersOf returns the limit of consumers for the configuration of a stream. The result is 0,
// which means no limit, if the account has a limit. A stream must not ask for more than its account
// allows.
func consumersOf(account *jetstream.AccountInfo) int {
	most := account.Limits.MaxConsumers
	for _, tier := range account.Tiers {
		most = max(most, tier.Limits.MaxConsumers)
	}
	if most > 0 {
		return 0
	}
	return mostConsumers
}

// learnedConfig is the configuration of the stream for the states of Learners. It is not a bucket,
// because messages of a bucket cannot be deleted, only replaced.
func learnedConfig(c *config) jetstream.StreamConfig {
	name := names(c.name).stream(learned)
	return jetstream.StreamConfig{
		Name:        name,
		Description: "what the workers of fleet " + c.name + " have learned of the jobs' durations",
		Subjects:    []string{name + ".*.*"},
		Storage:     jetstream.FileStorage,
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew,
		MaxAge:      learnedLife,
		Replicas:    c.replicas,
	}
}

// bucketConfig is the configuration of the bucket of a small store.
func bucketConfig(c *config, s store, ttl time.Duration) jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket: names(c.name).bucket(s), History: 1, TTL: ttl, Storage: jetstream.FileStorage, Replicas: c.replicas,
	}
}

// openStream creates a stream, or checks the existing one.
func openStream(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) (jetstream.Stream, error) {
	s, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		s, err = js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			s, err = js.Stream(ctx, want.Name) // another process was first
		}
	}
	if err != nil {
		return nil, err
	}
	return s, differences(s.CachedInfo().Config, want)
}

// differences returns an error that names the settings of a stream that are not as required.
func differences(have, want jetstream.StreamConfig) error {
	var errs []error
	for _, d := range []struct{ what, have, want string }{
		{"partitions", have.Metadata[partitionsKey], want.Metadata[partitionsKey]},
		{"key of EncryptIDs", have.Metadata[encryptionKey], want.Metadata[encryptionKey]},
		{"replicas", strconv.Itoa(have.Replicas), strconv.Itoa(want.Replicas)},
		{"subjects", strings.Join(have.Subjects, " "), strings.Join(want.Subjects, " ")},
		{"storage", have.Storage.String(), want.Storage.String()},
		{"retention", have.Retention.String(), want.Retention.String()},
		{"discard policy", have.Discard.String(), want.Discard.String()},
		{"limit of messages a subject", limit(have.MaxMsgsPerSubject), limit(0)},
		{"limit of messages", limit(have.MaxMsgs), limit(0)},
		{"limit of age", have.MaxAge.String(), want.MaxAge.String()},
	} {
		if d.have != d.want {
			errs = append(errs, fmt.Errorf("it exists with %s %q, and %q is asked for", d.what, d.have, d.want))
		}
	}
	return errors.Join(errs...)
}

// limit returns a limit of a stream as text. Zero and negative values mean no limit.
func limit(n int64) string {
	if n <= 0 {
		return "none"
	}
	return strconv.FormatInt(n, 10)
}

// openBucket creates a key-value bucket, or checks the existing one.
func openBucket(ctx context.Context, js jetstream.JetStream, want jetstream.KeyValueConfig) error {
	kv, err := js.KeyValue(ctx, want.Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = js.CreateKeyValue(ctx, want)
		if errors.Is(err, jetstream.ErrBucketExists) {
			kv, err = js.KeyValue(ctx, want.Bucket) // another process was first
		}
	}
	if err != nil {
		return err
	}
	status, err := kv.Status(ctx)
	if err != nil {
		return err
	}
	if status.TTL() != want.TTL || status.History() != int64(want.History) {
		return fmt.Errorf("it exists with TTL %v and history %d, and TTL %v and history %d are asked for",
			status.TTL(), status.History(), want.TTL, want.History)
	}
	return nil
}
