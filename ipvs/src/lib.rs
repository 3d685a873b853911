//! Client of the Linux kernel's load balancer (IPVS): typed model, netlink codec, plan and async client.
