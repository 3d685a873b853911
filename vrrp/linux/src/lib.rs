//! Linux driver for steadfast-vrrp: sockets, announcements and addresses on a thread of its own.
