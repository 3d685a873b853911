//! How long the messages of the kernel's load balancer take, and comparing tables.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use steadfast_benches::ipvs::{Addition, Listed, table};
use steadfast_ipvs::Weight;

fn codec(criterion: &mut Criterion) {
    let listed = Listed::default();
    criterion.bench_function("ipvs/decode", |bencher| {
        bencher.iter(|| black_box(black_box(&listed).decode()));
    });
    let addition = Addition::default();
    let mut buffer = Vec::new();
    criterion.bench_function("ipvs/encode", |bencher| {
        bencher.iter(|| black_box(&addition).encode(black_box(&mut buffer)));
    });
}

fn plan(criterion: &mut Criterion) {
    let table = table(1, 10, |_| Weight::from(5));
    let same = table.clone();
    criterion.bench_function("ipvs/diff", |bencher| {
        bencher.iter(|| black_box(black_box(&table).diff(black_box(&same), |_| true)));
    });
}

criterion_group!(all, codec, plan);
criterion_main!(all);
