//! A run: meshes of consecutive seeds, each asked of the istiods of both versions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use mesh_lab::{Lab, SecondIstiod};
use mesh_model::{Mesh, MeshBuilder};
use mesh_source::{Input, LoadOptions};
use mesh_traffic::{RuleSet, Traffic};

use crate::ads::{NodeFact, Stream};
use crate::apply::Site;
use crate::compare::{Compared, Difference, compare};
use crate::generate::{self, EPOCH, Generated, Objects};
use crate::known;
use crate::sentinel::{self, Mark};

/// How long an istiod may take to serve what was written, before the run gives up.
const LIMIT: Duration = Duration::from_secs(300);

/// No push for so long, behind all sentinels.
const QUIET: Duration = Duration::from_millis(150);

/// One istiod that is asked.
struct Asked {
    cluster: usize,
    rules: RuleSet,
    version: &'static str,
    url: String,
    probe: Stream,
}

/// The lab, prepared.
pub struct Run {
    sites: Vec<Site>,
    asked: Vec<Asked>,
    /// Whose pods and networks are in the lab.
    epoch: Option<u64>,
    _second: Vec<SecondIstiod>,
}

/// What one mesh gave.
#[derive(Default)]
pub struct Outcome {
    /// What was compared, by version of istiod.
    pub compared: BTreeMap<&'static str, Compared>,
    /// Differences: whose, and what.
    pub differences: Vec<(String, Difference)>,
    /// Differences that a listed fault explains, by its name.
    pub explained: BTreeMap<&'static str, usize>,
    /// Clients whose answer was another one when they asked again.
    pub late: usize,
    /// Where the time went: writing, settling, asking.
    pub times: [Duration; 3],
}

impl Run {
    /// Starts the second istiods and clears the lab.
    pub async fn start(lab: &Lab) -> Result<Self> {
        let known: Vec<_> = lab.clusters().iter().map(|cluster| cluster.name.as_str()).collect();
        ensure!(
            known == generate::CLUSTERS,
            "the proof needs a lab with the clusters {:?}",
            generate::CLUSTERS
        );
        let (mut sites, mut asked, mut second) = (Vec::new(), Vec::new(), Vec::new());
        for cluster in lab.clusters() {
            second.push(lab.start_istiod_130(&cluster.name)?);
            sites.push(Site::prepare(lab, &cluster.name).await?);
        }
        for (at, cluster) in lab.clusters().iter().enumerate() {
            for (address, version) in
                [(cluster.istiod_address(), "1.31.0"), (second[at].address().to_owned(), "1.30.0")]
            {
                let url = format!("http://{address}:15010");
                let probe = Stream::open(&url, &sentinel::probe(&cluster.name), version).await?;
                let rules = RuleSet::of(version.parse().context("a version")?);
                asked.push(Asked { cluster: at, rules, version, url, probe });
            }
        }
        Ok(Self { sites, asked, epoch: None, _second: second })
    }

    /// Applies the mesh of a seed, waits, asks, compares.
    pub async fn prove(&mut self, seed: u64) -> Result<Outcome> {
        let generated = generate::generate(seed);
        let mut outcome = Outcome::default();
        let start = Instant::now();
        let epoch = seed / EPOCH;
        if self.epoch != Some(epoch) {
            // First alone: what is read later is computed by these networks.
            self.apply(&generate::frame(epoch), epoch).await?;
            self.settle(epoch).await?;
            self.epoch = Some(epoch);
        }
        self.apply(&generated.clusters, epoch).await?;
        outcome.times[0] = start.elapsed();
        let start = Instant::now();
        self.settle(epoch).await?;
        outcome.times[1] = start.elapsed();
        let start = Instant::now();
        let mesh = self.mesh(&generated)?;
        let traffic = Traffic::new(&mesh);
        for asked in &self.asked {
            for (_, node) in generated.clients.iter().filter(|(cluster, _)| *cluster == asked.cluster) {
                let (mut compared, mut differences) = self.ask(&traffic, asked, node).await?;
                if !differences.is_empty() {
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    let again = self.ask(&traffic, asked, node).await?;
                    outcome.late += usize::from(again.1.len() != differences.len());
                    (compared, differences) = again;
                }
                let sum = outcome.compared.entry(asked.version).or_default();
                sum.clusters += compared.clusters;
                sum.groups += compared.groups;
                sum.endpoints += compared.endpoints;
                for difference in differences {
                    match known::explanation(&difference) {
                        Some(fault) => *outcome.explained.entry(fault.name).or_default() += 1,
                        None => {
                            let whose = format!(
                                "istiod {} of {}, client {}",
                                asked.version,
                                node.cluster_id,
                                who(node)
                            );
                            outcome.differences.push((whose, difference));
                        }
                    }
                }
            }
        }
        outcome.times[2] = start.elapsed();
        Ok(outcome)
    }

    async fn apply(&mut self, clusters: &[Objects], epoch: u64) -> Result<()> {
        let all = self.sites.iter_mut().zip(clusters).map(|(site, objects)| async move {
            let name = site.name.clone();
            site.apply(objects, epoch).await.with_context(|| format!("cannot apply the mesh to {name}"))
        });
        // All to their ends: what is written must be known.
        let outcomes: Vec<Result<usize>> = futures_util::future::join_all(all).await;
        outcomes.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(())
    }

    /// Waits until every istiod has served the sentinels of all clusters.
    async fn settle(&self, epoch: u64) -> Result<()> {
        let marks: BTreeMap<String, Mark> = self
            .sites
            .iter()
            .map(|site| (site.name.clone(), Mark { generation: site.generation, epoch }))
            .collect();
        for asked in &self.asked {
            let own = &self.sites[asked.cluster].name;
            let is_settled = |state: &_| sentinel::missing(state, own, &marks).is_none();
            if let Err(error) = asked.probe.settled(QUIET, LIMIT, is_settled).await {
                let missing = sentinel::missing(&asked.probe.state(), own, &marks);
                bail!(
                    "istiod {} of {own}: {error:#}; not served: {}",
                    asked.version,
                    missing.unwrap_or_default()
                );
            }
        }
        Ok(())
    }

    async fn ask(
        &self,
        traffic: &Traffic<'_>,
        asked: &Asked,
        node: &NodeFact,
    ) -> Result<(Compared, Vec<Difference>)> {
        let stream = Stream::open(&asked.url, node, asked.version).await?;
        let state = stream.complete(LIMIT).await?;
        let name = &self.sites[asked.cluster].name;
        let clusters = traffic.mesh().clusters();
        let at =
            clusters.iter().position(|cluster| *cluster.name == **name).context("the cluster was read")?;
        let view = traffic.view_by(at, asked.rules);
        let pod = clusters[at].pods.find(&node.namespace, &node.name).context("the client's pod was read")?;
        Ok(compare(&view, &view.client_of(pod), &state))
    }

    /// The mesh as files hold it: only clusters that are a part of it.
    fn mesh(&self, generated: &Generated) -> Result<Mesh> {
        let mut inputs = Vec::new();
        for (site, text) in self.texts(generated)? {
            inputs.push(Input::Text { cluster: site.clone(), name: format!("{site}.json"), text });
        }
        let options = LoadOptions { complete: true, istio_version: None };
        let loaded = mesh_source::load(&inputs, &options)?;
        Ok(loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish())
    }

    fn texts(&self, generated: &Generated) -> Result<Vec<(String, String)>> {
        let all = self.sites.iter().zip(&generated.clusters);
        all.map(|(site, objects)| {
            let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": site.tree(objects)?});
            Ok((site.name.clone(), format!("{list:#}\n")))
        })
        .collect()
    }

    /// Writes the tree of a seed for whoever looks at a difference.
    pub fn save(&self, seed: u64, directory: &PathBuf) -> Result<PathBuf> {
        let tree = directory.join(format!("seed-{seed}"));
        for (cluster, text) in self.texts(&generate::generate(seed))? {
            std::fs::create_dir_all(tree.join(&cluster))?;
            std::fs::write(tree.join(&cluster).join("all.json"), text)?;
        }
        Ok(tree)
    }
}

fn who(node: &NodeFact) -> String {
    format!("{}/{} (network {:?}, {})", node.namespace, node.name, node.network, node.node)
}
