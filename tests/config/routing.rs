//! Rules of routing as a retailer writes them: what is wrong with each is said with its place.

use crate::{INBOX, problems, valid};

fn rules(text: &str) -> String {
    format!("[team.orders]\nname = \"Orders\"\n{text}{INBOX}")
}

#[test]
fn rules_are_read_in_their_order() {
    let text = "[[routing.rule]]\nname = \"words\"\ntext = \"return|zurück\"\nas_topic = \"Returns\"\n\
                [[routing.rule]]\ntopic = \"returns\"\nto_team = \"orders\"\nskills = [\"Parcels\"]\n";
    let config = valid(&rules(text), &[]);
    let names: Vec<&str> = config.routing.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["words", "rule 2"]);
    assert_eq!(config.routing.rules[0].as_topic.as_deref(), Some("returns"));
    assert_eq!(config.routing.rules[1].skills, ["parcels"]);
}

#[test]
fn a_rule_that_is_wrong_is_refused_with_file_line_and_reason() {
    let text = "[[routing.rule]]\nmood = \"angry\"\nto_team = \"ordres\"\n\
                [[routing.rule]]\ntext = \"\\\\w{9000}\"\nas_topic = \"x\"\n\
                [[routing.rule]]\nname = \"idle\"\ninbox = \"nowhere\"\n";
    let found = problems(&rules(text), &[]);
    for wanted in [
        "rapport.toml:4: routing.rule[1].mood: There is no such key.",
        "rapport.toml:5: routing.rule[1].to_team: There is no such name: \"ordres\". Did you mean \"orders\"?",
        "rapport.toml:7: routing.rule[2].text: It is too large",
        "rapport.toml:9: routing.rule[3]: The rule does nothing.",
        "rapport.toml:11: routing.rule[3].inbox: There is no such name: \"nowhere\".",
    ] {
        assert!(found.iter().any(|line| line.starts_with(wanted)), "{wanted} in {found:#?}");
    }
    let scalar = problems(&rules("[routing]\nrule = 5\n"), &[]);
    assert!(scalar.iter().any(|line| line.contains("routing.rule")), "{scalar:#?}");
}
