//! What the number plan costs at a hundred thousand accounts and numbers, on SQLite: `cargo bench -p callserver --bench
//! numbers`. A smaller figure after it (`-- 10000`) asks for fewer.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use api::{AccountId, DisplayName, Number, NumberRange, PoolPolicy, PoolPurpose, Username};
use callserver::config::NumbersSection;
use callserver::edge::{Dialling, Directory};
use callserver::office::{ImportLine, ImportReport, Office, Right, Wish};
use callserver::store::Store;
use rand::RngExt;
use rustix::time::{ClockId, clock_gettime};
use switch::{Answer, AskId, Party, Reached};

/// Lines of one write, as `callctl` sends them.
const PART: usize = 1000;
/// Lookups and assignments that a figure is the mean of.
const LOOKUPS: u32 = 20_000;
const ASSIGNMENTS: u32 = 300;
/// Pools beside which the lowest free number is assigned: one number of each is free.
const POOLS: [(&str, i64); 4] = [
    ("70-79", 10),
    ("4000-4999", 1_000),
    ("800000-899999", 100_000),
    ("7000000-7999999", 1_000_000),
];

/// What this process has used of all processors.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// How long something took, and how much of the processors.
struct Stopwatch {
    began: Instant,
    processor: Duration,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            processor: processor_time(),
        }
    }

    fn tell(&self, what: &str) {
        let processor = processor_time() - self.processor;
        println!(
            "{what}: {:.2} s, {:.2} s of processor time",
            self.began.elapsed().as_secs_f64(),
            processor.as_secs_f64()
        );
    }

    fn tell_each(&self, what: &str, times: u32) {
        let processor = (processor_time() - self.processor) / times;
        let wall = self.began.elapsed() / times;
        println!("{what}: {processor:.1?} of processor time, {wall:.1?} each");
    }
}

fn number(value: usize) -> Result<Number> {
    Ok(Number::parse(&value.to_string())?)
}

async fn add_accounts(store: &Store, count: usize) -> Result<AccountId> {
    let mut last = None;
    for part in 0..count.div_ceil(PART) {
        let mut tx = store.begin().await?;
        for index in part * PART..count.min((part + 1) * PART) {
            let name = Username::parse(&format!("person{index}"))?;
            let display_name = DisplayName::parse(name.as_str())?;
            last = tx
                .add_account(&name, &display_name, None, SystemTime::now())
                .await?;
        }
        tx.commit().await?;
    }
    last.context("no account was added")
}

/// A line that makes a number something that nobody holds.
fn become_of(number: usize, state: &str) -> ImportLine {
    ImportLine {
        number: number.to_string(),
        state: state.into(),
        ..ImportLine::default()
    }
}

async fn import(office: &Office, lines: &[ImportLine]) -> Result<ImportReport> {
    let mut report = ImportReport::default();
    for part in lines.chunks(PART) {
        report.add(office.import_numbers(part.to_vec()).await?);
    }
    Ok(report)
}

/// Assigns the lowest free number again and again and undoes it each time.
async fn assign_lowest(office: &Office, account: AccountId, what: &str) -> Result<()> {
    let rehearsing = office.rehearsing();
    let watch = Stopwatch::start();
    for _ in 0..ASSIGNMENTS {
        rehearsing
            .assign_number(&Wish::Lowest, account, Right::Administrator)
            .await?;
    }
    watch.tell_each(what, ASSIGNMENTS);
    Ok(())
}

/// Calls to random numbers, each awaited before the next, as the exchange asks: first when it has just started, then when
/// it has answered them all before.
async fn lookups(office: &Office, first: usize, count: usize) -> Result<()> {
    let mut random = rand::rng();
    let asked: Vec<Number> = (0..LOOKUPS)
        .map(|_| number(first + random.random_range(0..count)))
        .collect::<Result<_>>()?;
    let caller = Party {
        account: switch::AccountId(1),
        number: None,
        display_name: "Somebody".into(),
        is_guest: false,
    };
    let runtime = tokio::runtime::Handle::current();
    let store = office.store().clone();
    let (mut directory, mut found) = Directory::new(store, Dialling::default(), runtime);
    for what in [
        "a dialled number looked up, most for the first time",
        "a dialled number looked up, each asked for before",
    ] {
        let watch = Stopwatch::start();
        for number in &asked {
            let answer = match directory.reached(AskId(1), number.as_str(), &caller, None) {
                Some(answer) => answer,
                None => {
                    let found = found.recv().await.context("the directory has ended")?;
                    directory.found(found).context("no answer")?.1
                }
            };
            let is_account = matches!(answer, Answer::Destination(Reached::Account(_)));
            anyhow::ensure!(is_account, "{number} reaches nobody");
        }
        watch.tell_each(what, LOOKUPS);
    }
    Ok(())
}

async fn pools(office: &Office, account: AccountId) -> Result<()> {
    for (range, size) in POOLS {
        let range = NumberRange::parse(range)?;
        let pool = office
            .add_pool(PoolPurpose::Accounts, &range, PoolPolicy::Lowest)
            .await?;
        anyhow::ensure!(pool.size() == size, "{range} is not {size}");
        let low: usize = range.low().as_str().parse()?;
        let high: usize = range.high().as_str().parse()?;
        // Full but for the highest.
        let reserved: Vec<_> = (low..high)
            .map(|value| become_of(value, "reserved"))
            .collect();
        import(office, &reserved).await?;
        let what = format!("the lowest free number of {size}, full but for one");
        assign_lowest(office, account, &what).await?;
        // Every third given back, in no order; as many as a busy year has.
        let mut random = rand::rng();
        let thirds = (low..high).step_by(3).take(30_000);
        let free: Vec<_> = thirds
            .map(|value| value.max(low + random.random_range(0..high - low) / 3 * 3))
            .map(|value| become_of(value, "free"))
            .collect();
        import(office, &free).await?;
        let what = format!("the lowest free number of {size}, with a gap at every third");
        assign_lowest(office, account, &what).await?;
        office.remove_pool(&range).await?;
    }
    Ok(())
}

// As the exchange runs.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // `cargo bench` passes options of its own.
    let count = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let count: usize = count.unwrap_or(100_000);
    let folder = tempfile::tempdir()?;
    let store = Store::open(&folder.path().join("numbers.sqlite")).await?;
    let office =
        Office::new(store.clone(), "phones.example", None).with_plan(NumbersSection::default());
    let range = |text: &str| NumberRange::parse(text);
    office.remove_pool(&range("1000-9999")?).await?;

    let watch = Stopwatch::start();
    let account = add_accounts(&store, count).await?;
    watch.tell(&format!("{count} accounts added"));

    let plan = range("200000-599999")?;
    office
        .add_pool(PoolPurpose::Accounts, &plan, PoolPolicy::Lowest)
        .await?;
    let lines: Vec<ImportLine> = (0..count)
        .map(|index| ImportLine {
            line: index as u64 + 1,
            number: (200_000 + index).to_string(),
            username: format!("person{index}"),
            primary: "yes".into(),
            state: "assigned".into(),
            note: String::new(),
        })
        .collect();
    let watch = Stopwatch::start();
    let report = import(&office, &lines).await?;
    watch.tell(&format!("{count} lines imported"));
    anyhow::ensure!(
        report.changed == count as u64,
        "{:?}",
        report.refused.first()
    );
    let watch = Stopwatch::start();
    let report = import(&office, &lines).await?;
    watch.tell(&format!(
        "{count} lines imported again, which changes nothing"
    ));
    anyhow::ensure!(
        report.unchanged == count as u64,
        "{:?}",
        report.refused.first()
    );

    let watch = Stopwatch::start();
    let mut last: Option<Number> = None;
    let mut exported = 0;
    loop {
        let rows = office.export_numbers(last.as_ref()).await?;
        exported += rows.len();
        match rows.last() {
            Some(row) => last = Some(row.number.clone()),
            None => break,
        }
    }
    watch.tell(&format!("{exported} numbers exported"));

    lookups(&office, 200_000, count).await?;
    assign_lowest(
        &office,
        account,
        &format!("the lowest free number of a pool with {count} taken"),
    )
    .await?;
    office.remove_pool(&plan).await?;
    pools(&office, account).await
}
