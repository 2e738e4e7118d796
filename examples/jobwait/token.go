package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// maxToken is the largest output of a token command, in bytes.
const maxToken = 16 << 10

// tokenSource returns a token. It is the argument of [rest.WithToken].
type tokenSource func(context.Context) (string, error)

// newTokenSource returns the source that the flags name, or nil if they name none.
func newTokenSource(env, command string, stderr io.Writer) (tokenSource, error) {
	switch {
	case env != "" && command != "":
		return nil, misused("--token-env and --token-command exclude each other")
	case env != "":
		token := strings.TrimSpace(os.Getenv(env))
		if token == "" {
			return nil, misused("--token-env: the environment has no %.100q", env)
		}
		return func(context.Context) (string, error) { return token, nil }, nil
	case command != "":
		return commandSource(command, stderr), nil
	default:
		return nil, nil
	}
}

// commandSource returns the output of a command of the shell. It runs once, and again when the
// service refuses the token. If it has never printed a token, its error ends the wait.
func commandSource(command string, stderr io.Writer) tokenSource {
	var worked atomic.Bool
	return func(ctx context.Context) (string, error) {
		token, err := output(ctx, command, stderr)
		switch {
		case err == nil:
			worked.Store(true)
			return token, nil
		case worked.Load():
			return "", err
		default:
			return "", &transport.Error{Class: transport.Permanent, Err: err}
		}
	}
}

func output(ctx context.Context, command string, stderr io.Writer) (string, error) {
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, shell, flag, command)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, stderr, time.Second
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("--token-command: %w", err)
	}
	token := strings.TrimSpace(out.String())
	if token == "" || len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return "", fmt.Errorf("--token-command: it must print one line, and printed %d bytes", out.Len())
	}
	return token, nil
}

// withUser returns a base URL with the user name and password in a token.
func withUser(baseURL, token string) (string, error) {
	user, password, ok := strings.Cut(token, ":")
	u, err := url.Parse(baseURL)
	if err != nil || !ok {
		return "", misused("--basic: the token must be a user name and a password with a colon between them")
	}
	u.User = url.UserPassword(user, password)
	return u.String(), nil
}
