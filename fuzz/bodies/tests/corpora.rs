//! The corpora as ordinary tests, for where there is no fuzzer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::fs;
use std::path::PathBuf;

use steadfast_fuzz_bodies::TARGETS;
use steadfast_fuzz_bodies::seeds::seeds;

fn corpus(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(target)
}

#[test]
fn every_case_of_every_corpus_passes() {
    for (target, body) in TARGETS {
        for case in fs::read_dir(corpus(target)).unwrap() {
            let path = case.unwrap().path();
            println!("{}", path.display());
            body(&fs::read(path).unwrap());
        }
    }
}

#[test]
fn the_corpora_hold_what_the_generator_makes() {
    for seed in seeds() {
        let path = corpus(seed.target).join(seed.name);
        let kept = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(kept == seed.bytes, "{}: run cargo run -p steadfast-fuzz-bodies", path.display());
    }
}

#[test]
fn every_target_has_seeds() {
    for (target, _) in TARGETS {
        assert!(seeds().iter().any(|seed| seed.target == target), "{target}");
    }
}

/// As a fuzzer does it, though blindly: bytes changed, cut and joined.
#[test]
fn cases_that_chance_has_changed_pass_too() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below.max(1)
    };
    for (target, body) in TARGETS {
        let seeds: Vec<_> = seeds().into_iter().filter(|seed| seed.target == target).collect();
        // Those that talk over a socket are slow, and so is what reads whole files.
        let slow = target.starts_with("checkers") || target == "conf";
        let cases = if slow { 1_000 } else { 20_000 };
        for _ in 0..cases {
            let mut bytes = seeds[random(seeds.len())].bytes.clone();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                match (random(4), bytes.get_mut(at)) {
                    (0, Some(byte)) => *byte ^= 1 << random(8),
                    (1, Some(byte)) => *byte = u8::try_from(random(256)).unwrap(),
                    (2, _) => bytes.truncate(at),
                    _ => {
                        let other = &seeds[random(seeds.len())].bytes;
                        bytes.extend(&other[random(other.len())..]);
                    }
                }
            }
            body(&bytes);
        }
    }
}
