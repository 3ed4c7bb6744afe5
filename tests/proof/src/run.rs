//! A run: meshes of consecutive seeds, each asked of the istiods of both versions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use mesh_lab::{Lab, SecondIstiod};
use mesh_model::{Mesh, MeshBuilder};
use mesh_source::{Input, LoadOptions};
use mesh_traffic::{RuleSet, Traffic};

use crate::ads::{NodeFact, State, Stream};
use crate::apply::Site;
use crate::compare::{Compared, Difference, compare};
use crate::generate::{self, EPOCH, Generated, Objects};
use crate::sentinel::{self, Mark};

/// How long an istiod may take to serve what was written, before the run gives up.
const LIMIT: Duration = Duration::from_mins(5);

/// After that time the sentinels are written again: istiod has lost one.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is different still after that time is a difference.
const LATER: Duration = Duration::from_secs(2);

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
    /// Clients whose answer was another one when they asked again.
    pub late: usize,
    /// Sentinels that an istiod did not serve until they were written again.
    pub told_again: Vec<String>,
    /// Where the time went: applying with settling, asking.
    pub times: [Duration; 2],
}

/// What one client was sent.
struct Answer {
    version: &'static str,
    whose: String,
    compared: Compared,
    differences: Vec<Difference>,
}

impl Outcome {
    fn take(&mut self, answer: Answer) {
        self.compared.entry(answer.version).or_default().add(answer.compared);
        let all = answer.differences.into_iter().map(|difference| (answer.whose.clone(), difference));
        self.differences.extend(all);
    }
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
            self.apply(&generate::frame(epoch), epoch, &mut outcome.told_again).await?;
            self.epoch = Some(epoch);
        }
        self.apply(&generated.clusters, epoch, &mut outcome.told_again).await?;
        outcome.times[0] = start.elapsed();
        let start = Instant::now();
        let mesh = self.mesh(&generated)?;
        let traffic = Traffic::new(&mesh);
        let mut answers = self.ask_all(&traffic, &generated).await?;
        if answers.iter().any(|answer| !answer.differences.is_empty()) {
            // An answer that is another one now was no answer then.
            tokio::time::sleep(LATER).await;
            let later = self.ask_all(&traffic, &generated).await?;
            let is_late = |(now, then): &(&Answer, &Answer)| now.differences.len() != then.differences.len();
            outcome.late = later.iter().zip(&answers).filter(is_late).count();
            answers = later;
        }
        for answer in answers {
            outcome.take(answer);
        }
        outcome.times[1] = start.elapsed();
        Ok(outcome)
    }

    async fn ask_all(&self, traffic: &Traffic<'_>, generated: &Generated) -> Result<Vec<Answer>> {
        let of = |asked: &&Asked, cluster: usize| cluster == asked.cluster;
        let questions = self.asked.iter().flat_map(|asked| {
            let clients = generated.clients.iter().filter(move |(cluster, _)| of(&asked, *cluster));
            clients.map(move |(_, node)| async move {
                let (compared, differences) = self.ask(traffic, asked, node).await?;
                let whose = format!("istiod {} of {}, client {}", asked.version, node.cluster_id, who(node));
                Ok(Answer { version: asked.version, whose, compared, differences })
            })
        });
        futures_util::future::try_join_all(questions).await
    }

    /// Writes a mesh and waits until every istiod has served it.
    async fn apply(&mut self, clusters: &[Objects], epoch: u64, told_again: &mut Vec<String>) -> Result<()> {
        let all = self.sites.iter_mut().zip(clusters).map(|(site, objects)| async move {
            let name = site.name.clone();
            site.begin(objects).await.with_context(|| format!("cannot apply Services to {name}"))
        });
        together(all).await?;
        self.settle(LIMIT, epoch, |state, _, marks| sentinel::missing_services(state, marks)).await?;
        let all = self.sites.iter_mut().zip(clusters).map(|(site, objects)| async move {
            let name = site.name.clone();
            site.finish(objects, epoch).await.with_context(|| format!("cannot apply the mesh to {name}"))
        });
        together(all).await?;
        if let Err(error) = self.settle(PATIENCE, epoch, sentinel::missing).await {
            told_again.push(format!("{error:#}"));
            let all =
                self.sites.iter_mut().zip(clusters).map(|(site, objects)| site.tell_again(objects, epoch));
            together(all).await?;
            self.settle(LIMIT, epoch, sentinel::missing).await?;
        }
        Ok(())
    }

    /// Waits until nothing is missing in any istiod.
    async fn settle(
        &self,
        limit: Duration,
        epoch: u64,
        missing: impl Fn(&State, &str, &BTreeMap<String, Mark>) -> Option<String>,
    ) -> Result<()> {
        let marks: BTreeMap<String, Mark> = self
            .sites
            .iter()
            .map(|site| (site.name.clone(), Mark { generation: site.generation, epoch }))
            .collect();
        for asked in &self.asked {
            let own = &self.sites[asked.cluster].name;
            let is_settled = |state: &State| missing(state, own, &marks).is_none();
            if let Err(error) = asked.probe.settled(limit, is_settled).await {
                let missing = missing(&asked.probe.state(), own, &marks).unwrap_or_default();
                bail!("istiod {} of {own}: {error:#}; not served: {missing}", asked.version);
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
    pub fn save(&self, seed: u64, directory: &Path) -> Result<PathBuf> {
        let tree = directory.join(format!("seed-{seed}"));
        for (cluster, text) in self.texts(&generate::generate(seed))? {
            std::fs::create_dir_all(tree.join(&cluster))?;
            std::fs::write(tree.join(&cluster).join("all.json"), text)?;
        }
        Ok(tree)
    }
}

/// All to their ends, and the first failure: what is written must be known.
async fn together(all: impl Iterator<Item = impl Future<Output = Result<()>>>) -> Result<()> {
    futures_util::future::join_all(all).await.into_iter().collect()
}

fn who(node: &NodeFact) -> String {
    format!("{}/{} (network {:?}, {})", node.namespace, node.name, node.network, node.node)
}
