#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| steadfast_fuzz_bodies::checkers_agent(data));
