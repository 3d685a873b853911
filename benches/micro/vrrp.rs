//! How long the paths take that every packet takes.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use steadfast_benches::vrrp::{Backup, Packet};
use steadfast_vrrp::packet::MAX_LEN;

fn codec(criterion: &mut Criterion) {
    let packet = Packet::default();
    criterion.bench_function("vrrp/decode", |bencher| {
        bencher.iter(|| black_box(black_box(&packet).decode()));
    });
    let decoded = packet.decode();
    let mut buffer = [0; MAX_LEN];
    criterion.bench_function("vrrp/encode", |bencher| {
        bencher.iter(|| Packet::encode(black_box(&decoded), black_box(&mut buffer)));
    });
}

fn router(criterion: &mut Criterion) {
    let mut backup = Backup::default();
    criterion.bench_function("vrrp/receive", |bencher| {
        bencher.iter(|| black_box(backup.hear()));
    });
}

criterion_group!(all, codec, router);
criterion_main!(all);
