//! A host below the app's domain, asked for by its name over TLS at a real edge.

use crate::world::{TOOLS, World};
use cc_ci_engine::route::{EdgeNames, OpenRoute};
use cc_ci_engine::swarm::{Asking, HttpAnswer, Stay};
use cc_ci_model::ids::Domain;

#[tokio::test]
#[ignore = "real engine: make test"]
async fn a_host_below_the_domain_is_asked_for_by_the_name_that_the_certificate_has() {
    in_world!(world, {
        let domain = Domain::of_stack(&world.stack, "cc-ci.test");
        let names = EdgeNames::of(vec![domain.clone()], []);
        let (node, none) = (world.doors.node.clone(), cc_ci_edge::Routes::default());
        let route = OpenRoute::open(node, &world.ledger, &world.run, TOOLS, &names, &none, Stay::Run).await.unwrap();
        // That no router takes it is said by the edge itself, and only to somebody who trusts its certificate for that name.
        for host in [domain.to_string(), format!("api.{domain}")] {
            let answer = route.asked(&Asking::of("https", &host, "/")).await;
            let said = matches!(answer, HttpAnswer::Edge { mark: Some(cc_ci_edge::Mark::NoRoute), .. });
            assert!(said, "{host}: {answer:?}");
        }
        let beyond = route.asked(&Asking::of("https", &format!("a.b.{domain}"), "/")).await;
        assert!(matches!(beyond, HttpAnswer::None { .. }), "{beyond:?}");
    });
}
