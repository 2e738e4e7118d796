package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"unicode"
)

// errOwnNetwork is matched by the error of a dial that [GuardDials] refuses.
var errOwnNetwork = errors.New("a private address that was not configured")

// GuardDials makes a pool refuse connections to the addresses of [isOwnNetwork]. The address is
// checked when the connection is made, after the name was resolved. So a name cannot get another
// address between the check and the connection.
//
// The first origin may have any address. Any other origin may have a private address only if its
// host is an address, or a name that the public DNS does not have. The user's proxy may have any
// address. A proxy resolves names itself. So behind a proxy, only URLs whose host is an address are
// checked.
//
// A nil resolver means the default one.
func GuardDials(t *http.Transport, origins []*url.URL, resolver *net.Resolver) {
	named := map[string]bool{}
	for i, u := range origins {
		if i == 0 || isLocalHost(u.Hostname()) {
			named[address(u)] = true
		}
	}
	var proxies sync.Map // the addresses of the proxies that requests go to
	if proxy := t.Proxy; proxy != nil {
		t.Proxy = func(r *http.Request) (*url.URL, error) {
			u, err := proxy(r)
			if u == nil || err != nil {
				return u, err
			}
			if at, err := netip.ParseAddr(r.URL.Hostname()); err == nil && isOwnNetwork(at) && !named[address(r.URL)] {
				return nil, refused(at)
			}
			proxies.Store(address(u), true)
			return u, nil
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

// localNames are the domains that the public DNS does not have: RFC 6761, RFC 6762, RFC 8375, and
// .internal, which ICANN reserved in 2024.
var localNames = []string{".localhost", ".local", ".internal", ".home.arpa"}

// isLocalHost reports whether a host is an address, or a name that the public DNS does not have.
func isLocalHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	isLocal := func(domain string) bool { return strings.HasSuffix(host, domain) }
	return !strings.Contains(host, ".") || slices.ContainsFunc(localNames, isLocal)
}

// address returns the host and port of a URL as net/http dials them.
func address(u *url.URL) string {
	host, p := u.Hostname(), port(u)
	if strings.ContainsFunc(host, func(c rune) bool { return c > unicode.MaxASCII }) {
		host = encoded(host)
	}
	if u.Port() == "" && strings.HasPrefix(u.Scheme, "socks5") {
		p = "1080"
	}
	return strings.ToLower(net.JoinHostPort(host, p))
}

// encoded returns the ASCII form of a host name, as net/http dials it (RFC 5891). It makes no
// connection.
func encoded(host string) string {
	dial := func(_ context.Context, _, addr string) (net.Conn, error) {
		host, _, _ = net.SplitHostPort(addr)
		return nil, net.ErrClosed
	}
	q := &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: host}, Header: http.Header{}}
	if answer, err := (&http.Transport{DialContext: dial}).RoundTrip(q); err == nil {
		_ = answer.Body.Close()
	}
	return host
}

func refused(a netip.Addr) error { return redirectError{fmt.Errorf("%s: %w", a, errOwnNetwork)} }

// refuseOwnNetwork is the Control of a dialer. Its argument is the address to which the name was
// resolved.
func refuseOwnNetwork(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return redirectError{fmt.Errorf("%.64q is no address", address)}
	}
	if isOwnNetwork(at.Addr()) {
		return refused(at.Addr())
	}
	return nil
}

// reserved are the private networks for which package netip has no method. In IPv4 these are this
// host, carrier-grade NAT, protocol assignments, benchmarks, class E and broadcast. In IPv6 these
// are site-local addresses, and addresses with an IPv4 address that a gateway may extract.
var reserved = func() (nets []netip.Prefix) {
	for _, text := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4",
		"::/96", "64:ff9b:1::/48", "fec0::/10"} {
		nets = append(nets, netip.MustParsePrefix(text))
	}
	return nets
}()

// isOwnNetwork reports whether an address does not belong to the public internet. An IPv6 address
// that contains an IPv4 address counts as that IPv4 address.
func isOwnNetwork(a netip.Addr) bool {
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

// carried returns the IPv4 address in an address of NAT64 (RFC 6052) or 6to4 (RFC 3056).
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
