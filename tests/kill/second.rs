//! A second process on the same folder or store, beside one that runs.

use std::sync::Arc;

use rapport_fakes::{FakeTwilio, FakeTwilioConfig};

use crate::{on_both_engines, process::Installation, testing::Fresh};

on_both_engines! {
    async fn a_second_serve_is_refused_and_the_command_line_works_beside_the_first(fresh: Fresh) {
        let is_sqlite = fresh.url.starts_with("sqlite:");
        let provider =
            FakeTwilio::start(FakeTwilioConfig::new(Arc::new(rapport::clock::SystemClock))).await.unwrap();
        let at = Installation::new(fresh, &provider).await;
        let mut first = at.start("").await;

        let data = at.fresh.folder.join("data");
        let (succeeded, said) = at.run(&["serve"], &[]);
        assert!(!succeeded && said.contains(&format!("the data folder {}: stop it", data.display())), "{said}");
        if is_sqlite {
            let other = at.fresh.folder.join("other").display().to_string();
            let (succeeded, said) = at.run(&["serve"], &[("RAPPORT__DATA_DIR", &other)]);
            assert!(!succeeded && said.contains("rapport.db: stop it") && said.contains("store.url"), "{said}");
        }
        for beside in [&["associate", "list"][..], &["check"]] {
            let (succeeded, said) = at.run(beside, &[]);
            assert!(succeeded, "{beside:?}: {said}");
        }
        // The operating system lets go what a killed process held.
        first.kill();
        assert!(at.start("").await.is_alive());
    }
}
