mod model;

use model::generate;
use model::world::World;
use proptest::prelude::*;
use scrip::MemoryStore;

fn config(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 30_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_engine_agrees_with_the_model(case in generate::case(40)) {
        let mut world = World::new(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
            world.check_now()?;
        }
    }
}
