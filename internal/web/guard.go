package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
)

// errOwnNetwork is matched by the fault of a dial that [GuardDials] refuses.
var errOwnNetwork = errors.New("an address of the own network, which the base URL does not name")

// GuardDials makes a pool refuse connections to addresses of the own network: loopback, private,
// link-local and the like. The address is looked at when the connection is made, so that it does
// not matter which address a name had before. The first origin may have any address. Another may
// if it names the address itself, or localhost. So may a proxy, which the environment names.
func GuardDials(t *http.Transport, origins []*url.URL) { guardDials(t, origins, nil) }

func guardDials(t *http.Transport, origins []*url.URL, resolver *net.Resolver) {
	named := map[string]bool{}
	for i, u := range origins {
		_, err := netip.ParseAddr(u.Hostname())
		if i == 0 || err == nil || strings.EqualFold(u.Hostname(), "localhost") {
			named[address(u)] = true
		}
	}
	var proxies sync.Map // addresses of proxies that were asked for
	if proxy := t.Proxy; proxy != nil {
		t.Proxy = func(r *http.Request) (*url.URL, error) {
			u, err := proxy(r)
			if u != nil {
				proxies.Store(address(u), true)
			}
			return u, err
		}
	}
	open := &net.Dialer{Timeout: dialTimeout, Resolver: resolver}
	guarded := &net.Dialer{Timeout: dialTimeout, Resolver: resolver, Control: refuseOwnNetwork}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if _, isProxy := proxies.Load(addr); isProxy || named[strings.ToLower(addr)] {
			return open.DialContext(ctx, network, addr)
		}
		return guarded.DialContext(ctx, network, addr)
	}
}

// address returns the host and port of a URL as net/http dials them.
func address(u *url.URL) string {
	p := port(u)
	if u.Port() == "" && strings.HasPrefix(u.Scheme, "socks5") {
		p = "1080"
	}
	return strings.ToLower(net.JoinHostPort(u.Hostname(), p))
}

// refuseOwnNetwork is the Control of a dialer: it is told the address that a name has turned out to
// have.
func refuseOwnNetwork(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return redirectError{fmt.Errorf("%.64q is no address", address)}
	}
	if IsOwnNetwork(at.Addr()) {
		return redirectError{fmt.Errorf("%s: %w", at.Addr(), errOwnNetwork)}
	}
	return nil
}

// reserved are the networks that package netip does not name: this host, carrier-grade NAT,
// protocol assignments, benchmarks, the reserved class E and broadcast, and those of IPv6 that
// carry an address of IPv4 in a way that a gateway may unwrap.
var reserved = func() (nets []netip.Prefix) {
	for _, text := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4",
		"::/96", "64:ff9b:1::/48", "fec0::/10"} {
		nets = append(nets, netip.MustParsePrefix(text))
	}
	return nets
}()

// IsOwnNetwork reports whether an address is none of the public internet's. An address of IPv4 that
// IPv6 carries counts as what it is.
func IsOwnNetwork(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if inner, ok := carried(a); ok {
		a = inner
	}
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
		return true
	}
	for _, n := range reserved {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// carried returns the address of IPv4 in one of NAT64 (RFC 6052) or 6to4 (RFC 3056).
func carried(a netip.Addr) (netip.Addr, bool) {
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	default:
		return a, false
	}
}
