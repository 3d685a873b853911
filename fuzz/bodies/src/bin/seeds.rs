//! Writes the corpora to `fuzz/corpus`. What fuzzers found there stays.

use std::path::Path;
use std::{fs, io};

use steadfast_fuzz_bodies::seeds::seeds;

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    for seed in seeds() {
        let folder = corpus.join(seed.target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(seed.name), seed.bytes)?;
    }
    Ok(())
}
