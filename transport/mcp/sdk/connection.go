package mcpsdk

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// connection is the session as the SDK sees it.
type connection struct {
	mcp.Connection
	tap *Tap
}

// Read returns the next message that is not the Tap's.
func (c *connection) Read(ctx context.Context) (jsonrpc.Message, error) {
	for {
		m, err := c.Connection.Read(ctx)
		if err != nil {
			c.tap.lose()
			return nil, err
		}
		if !c.tap.take(m) {
			return m, nil
		}
	}
}

// Close closes the session.
func (c *connection) Close() error {
	c.tap.lose()
	return c.Connection.Close()
}
