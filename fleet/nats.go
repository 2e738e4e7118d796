package fleet

import (
	"context"
)

// natsEngine is the engine on JetStream. Each of its parts implements some of the methods. A part
// uses no other part except the reader. It is safe for concurrent use.
type natsEngine struct {
	natsStores             // publish, remove, last, storage
	natsEnds               // receive, backlog
	natsRelay              // tell, hear, online
	reader     *natsReader // follow
	replays    *replays    // follow, for followers that begin together
}

var _ engine = (*natsEngine)(nil)

// follow makes followers of whole partitions that begin together read the stored messages together.
func (n *natsEngine) follow(ctx context.Context, f following, each func(message), caughtUp func()) error {
	if p, ok := n.reader.names.partitionOf(f); ok {
		after, err := n.replays.replay(ctx, p, each)
		if err != nil {
			return err
		}
		f.after = after
	}
	return n.reader.follow(ctx, f, each, caughtUp)
}
