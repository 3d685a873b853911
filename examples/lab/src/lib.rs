//! Virtual networks on a kernel that has IPVS: the demo, and the bed of all kernel tests.
