from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.presentation.http.proxies import client_address, throttle_key

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48")]
UNIX = [ip_network("127.0.0.0/8")]
CLIENT = "198.51.100.7"
PROXY = "10.0.0.1"

Networks = Sequence[IPv4Network | IPv6Network]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        pytest.param(CLIENT, [], CLIENT, id="nobody in between"),
        pytest.param(CLIENT, [b"203.0.113.9"], CLIENT, id="a client's own header is not believed"),
        pytest.param(CLIENT, [b"10.0.0.2"], CLIENT, id="nor that it is a proxy"),
        pytest.param(PROXY, [], PROXY, id="a proxy for itself"),
        pytest.param(PROXY, [b""], PROXY, id="an empty header"),
        pytest.param(PROXY, [b"198.51.100.7"], CLIENT, id="one proxy"),
        pytest.param(PROXY, [b"198.51.100.7, 10.9.9.9"], CLIENT, id="two proxies"),
        pytest.param(PROXY, [b"198.51.100.7", b"10.9.9.9"], CLIENT, id="two proxies, a line each"),
        pytest.param(PROXY, [b"203.0.113.9, 198.51.100.7"], CLIENT, id="the right-most untrusted hop counts"),
        pytest.param(PROXY, [b"203.0.113.9", b"198.51.100.7"], CLIENT, id="in the last line"),
        pytest.param(PROXY, [b"10.0.0.5, 198.51.100.7, 10.0.0.2"], CLIENT, id="not a proxy beyond it"),
        pytest.param(PROXY, [b"10.0.0.3,10.0.0.2"], "10.0.0.3", id="proxies only: the first of them"),
        pytest.param(PROXY, [b" \t198.51.100.7\t "], CLIENT, id="white space around"),
        pytest.param(PROXY, [b"198.51.100.7:51234"], CLIENT, id="a port"),
        pytest.param(PROXY, [b"2001:db8::7"], "2001:db8::7", id="IPv6"),
        pytest.param(PROXY, [b"[2001:db8::7]"], "2001:db8::7", id="IPv6 in brackets"),
        pytest.param(PROXY, [b"[2001:0DB8:0::7]:443"], "2001:db8::7", id="IPv6 with a port, spelled oddly"),
        pytest.param("2001:db8:ffff::1", [b"198.51.100.7"], CLIENT, id="a proxy by IPv6"),
        pytest.param("::ffff:10.0.0.1", [b"198.51.100.7"], CLIENT, id="a proxy by mapped IPv4"),
        pytest.param(PROXY, [b"203.0.113.9, ::ffff:198.51.100.7, ::ffff:a00:2"], CLIENT, id="mapped hops"),
        pytest.param("::ffff:198.51.100.7", [], CLIENT, id="a mapped client"),
        pytest.param("2001:db8:ffff::1%eth0", [b"198.51.100.7"], CLIENT, id="a peer with a zone"),
    ],
)
def test_the_nearest_hop_that_is_no_trusted_proxy_is_the_client(
    peer: str, forwarded: list[bytes], expected: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == expected


@pytest.mark.parametrize(
    "garbage",
    [
        b"unknown",
        b"_hidden",
        b"unix:",
        b"\0",
        b"198.51.100.7\0",
        b"198.51.100.7:",
        b"198.51.100.7:443:443",
        b"198.51.100.7:999999",
        b"198.51.100.7:4 4",
        b"198.51.100.256",
        b"198.51.100",
        b"198.051.100.07",
        b"3325256711",
        b"0xc6336407",
        b"198.51.100.7/32",
        b"198.51.100.7;203.0.113.9",
        "१९८.51.100.7".encode(),
        "\uff1198.51.100.7".encode(),
        b"\xff\xfe\x80",
        b"[198.51.100.7",
        b"198.51.100.7]",
        b"[]",
        b"[]:80",
        b"[::1]x",
        b"[[::1]]",
        b"::1%eth0",
        b"[fe80::1%25eth0]",
        b"1:2:3:4:5:6:7:8:9",
        b":::",
        b"for=198.51.100.7",
        b'"198.51.100.7"',
        b"198.51.100.7 203.0.113.9",
        b"x" * 10_240,
        b"1" * 10_240,
        b"1." * 5_120,
        b":" * 10_240,
        b"[" * 10_240,
        b"",
        b" ",
    ],
)
def test_a_hop_that_is_no_address_hides_what_is_left_of_it(garbage: bytes) -> None:
    assert client_address(PROXY, [garbage], PROXIES) == PROXY
    assert client_address(PROXY, [b"203.0.113.9, " + garbage], PROXIES) == PROXY
    assert client_address(PROXY, [b"203.0.113.9", garbage + b", 10.0.0.2"], PROXIES) == "10.0.0.2"
    assert client_address(PROXY, [garbage + b", 198.51.100.7"], PROXIES) == CLIENT
    assert client_address(CLIENT, [garbage], PROXIES) == CLIENT


@pytest.mark.parametrize("peer", [None, "", "unix:/run/app.sock"])
def test_a_peer_on_a_unix_socket_counts_as_this_host(peer: str | None) -> None:
    assert client_address(peer, [b"198.51.100.7"], UNIX) == CLIENT
    assert client_address(peer, [b"198.51.100.7"], PROXIES) == "127.0.0.1"
    assert client_address(peer, [b"198.51.100.7"], []) == "127.0.0.1"
    assert client_address(peer, [], UNIX) == "127.0.0.1"


def test_nobody_is_trusted_by_default() -> None:
    assert client_address(PROXY, [b"198.51.100.7"], []) == PROXY


@given(
    peer=st.one_of(st.none(), st.text(), st.ip_addresses().map(str)),
    forwarded=st.lists(
        st.one_of(
            st.binary(max_size=200),
            st.lists(st.ip_addresses().map(str), max_size=4).map(lambda hops: ",".join(hops).encode()),
        ),
        max_size=4,
    ),
    trusted=st.sampled_from([[], PROXIES, UNIX, [ip_network("0.0.0.0/0"), ip_network("::/0")]]),
)
def test_whatever_is_sent_the_answer_is_an_address_and_its_key_is_its_own(
    peer: str | None, forwarded: list[bytes], trusted: Networks
) -> None:
    address = client_address(peer, forwarded, trusted)
    assert str(ip_address(address)) == address
    assert client_address(address, [], trusted) == address
    assert ip_address(address) in ip_network(throttle_key(address))


def test_a_long_header_is_read_in_no_time() -> None:
    # All trusted, so all of it is read; what counts is that this ends while the test is watched.
    hops = b",".join([b"10.0.0.2"] * 20_000)
    assert client_address(PROXY, [b"198.51.100.7", hops], PROXIES) == CLIENT


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("", "unknown"),
        ("testclient", "unknown"),
        ("\0" * 10_000, "unknown"),
    ],
)
def test_an_ipv6_address_is_counted_under_its_64(address: str, key: str) -> None:
    assert throttle_key(address) == key
