//! Random sequences of everything that can be done to numbers, by many owners, against a simple model: who may do what is
//! foretold from the rows before, and after each step everything must fit together.

use std::collections::BTreeMap;

use super::*;

const OWNERS: usize = 5;
const PER_ACCOUNT: u32 = 3;
const STEPS: usize = 200;

/// One thing that somebody does. Owners are indices.
#[derive(Clone, Debug)]
enum Step {
    Assign(usize, Number, Right),
    Lowest(usize),
    Change(usize, Number, OnCall),
    Swap(Number, Number),
    GiveUp(usize, Number),
    TakeBack(usize, Number),
    Choose(usize, Number, OnCall),
    Primary(usize, Number),
    Release(Number),
    Reserve(Number),
    Import(usize, Number),
    DaysPass,
}

/// A small generator whose sequences stay the same for ever (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("a small number")
    }

    /// Few numbers, so that they meet: sixteen of the pool and two outside of it.
    fn number(&mut self) -> Number {
        match self.below(18) {
            outside @ 16.. => number(&format!("70{outside}")),
            inside => number(&format!("{}", 100 + inside)),
        }
    }

    fn on_call(&mut self) -> OnCall {
        OnCall::ALL[self.below(3)]
    }

    fn step(&mut self) -> Step {
        let owner = self.below(OWNERS);
        match self.below(22) {
            0..2 => Step::Assign(owner, self.number(), Right::Owner),
            2 => Step::Assign(owner, self.number(), Right::Administrator),
            3..5 => Step::Lowest(owner),
            5..10 => Step::Change(owner, self.number(), self.on_call()),
            10..12 => Step::Swap(self.number(), self.number()),
            12 => Step::GiveUp(owner, self.number()),
            13..15 => Step::TakeBack(owner, self.number()),
            15 => Step::Choose(owner, self.number(), self.on_call()),
            16 => Step::Primary(owner, self.number()),
            17..19 => Step::Release(self.number()),
            19 => Step::Reserve(self.number()),
            20 => Step::Import(owner, self.number()),
            _ if self.below(4) == 0 => Step::DaysPass,
            _ => Step::Release(self.number()),
        }
    }
}

/// The rows of all numbers.
type Rows = BTreeMap<Number, NumberRow>;

/// The plan as the rows tell it, and the accounts.
struct World {
    office: Office,
    owners: Vec<AccountId>,
    rows: Rows,
    days: u64,
}

impl World {
    fn state(&self, number: &Number) -> (NumberState, Option<AccountId>) {
        let row = self.rows.get(number);
        row.map_or((NumberState::Free, None), |row| (row.state, row.account))
    }

    fn count(&self, owner: usize, state: NumberState) -> usize {
        let of_owner =
            |row: &&NumberRow| (row.state, row.account) == (state, Some(self.owners[owner]));
        self.rows.values().filter(of_owner).count()
    }

    /// Whether the owner could take the number, room or not.
    fn may_have(&self, owner: usize, number: &Number, right: Right) -> bool {
        let is_in_pool = number.as_str() < "200";
        match self.state(number) {
            (NumberState::Free, _) => is_in_pool || right == Right::Administrator,
            (NumberState::Reserved, _) => right == Right::Administrator,
            (NumberState::Quarantined, last) => last == Some(self.owners[owner]),
            _ => false,
        }
    }

    fn holds(&self, owner: usize, number: &Number) -> bool {
        self.state(number) == (NumberState::Assigned, Some(self.owners[owner]))
    }

    fn lowest(&self) -> Option<Number> {
        let numbers = (100..116).map(|value| number(&value.to_string()));
        numbers
            .into_iter()
            .find(|number| self.state(number).0 == NumberState::Free)
    }

    /// Whether the step must succeed.
    fn foretell(&self, step: &Step) -> bool {
        let has_room = |owner| self.count(owner, NumberState::Assigned) < PER_ACCOUNT as usize;
        let may_rest = |owner| self.count(owner, NumberState::Quarantined) < MOST_RESTING;
        let rests_for = |owner: usize, number: &Number| {
            self.state(number) == (NumberState::Quarantined, Some(self.owners[owner]))
        };
        match step {
            Step::Assign(owner, number, right) => {
                self.holds(*owner, number)
                    || (has_room(*owner) && self.may_have(*owner, number, *right))
            }
            Step::Import(owner, number) => {
                self.holds(*owner, number)
                    || (has_room(*owner) && self.may_have(*owner, number, Right::Administrator))
            }
            Step::Lowest(owner) => has_room(*owner) && self.lowest().is_some(),
            Step::Change(owner, number, _) => {
                let has_any = self.count(*owner, NumberState::Assigned) > 0;
                let is_free_to_rest = may_rest(*owner) || rests_for(*owner, number);
                has_any
                    && (self.holds(*owner, number)
                        || (is_free_to_rest && self.may_have(*owner, number, Right::Owner)))
            }
            Step::Swap(a, b) => match (self.state(a), self.state(b)) {
                ((NumberState::Assigned, a), (NumberState::Assigned, b)) => a != b,
                _ => false,
            },
            Step::GiveUp(owner, number) => {
                let has_another = self.count(*owner, NumberState::Assigned) > 1;
                has_another && self.holds(*owner, number) && may_rest(*owner)
            }
            Step::TakeBack(owner, number) => rests_for(*owner, number) && has_room(*owner),
            Step::Choose(owner, number, _) => rests_for(*owner, number),
            Step::Primary(owner, number) => self.holds(*owner, number),
            Step::Release(number) => self.state(number).0 != NumberState::Free,
            Step::Reserve(number) => {
                matches!(
                    self.state(number).0,
                    NumberState::Free | NumberState::Reserved
                )
            }
            Step::DaysPass => true,
        }
    }

    async fn perform(&mut self, step: &Step) -> Result<(), OfficeError> {
        let office = &self.office;
        let owner = |owner: &usize| self.owners[*owner];
        match step {
            Step::Assign(of, number, right) => {
                let wish = Wish::Number(number.clone());
                office
                    .assign_number(&wish, owner(of), *right)
                    .await
                    .map(drop)
            }
            Step::Lowest(of) => {
                let lowest = self.lowest();
                let given = office
                    .assign_number(&Wish::Lowest, owner(of), Right::Owner)
                    .await?;
                assert_eq!(Some(given.number), lowest);
                Ok(())
            }
            Step::Change(of, number, on_call) => {
                let (wish, after) = (Wish::Number(number.clone()), after(*on_call));
                let changed = office
                    .change_number(owner(of), None, &wish, &after, Right::Owner)
                    .await?;
                assert_eq!(changed.account.number.as_ref(), Some(number));
                Ok(())
            }
            Step::Swap(a, b) => office.swap_numbers(a, b).await.map(drop),
            Step::GiveUp(of, number) => {
                let after = after(OnCall::Moved);
                let given_up = office
                    .give_up_number(owner(of), number, &after, Right::Owner)
                    .await;
                given_up.map(drop)
            }
            Step::TakeBack(of, number) => {
                office.take_back_number(owner(of), number).await.map(drop)
            }
            Step::Choose(of, number, on_call) => office
                .choose_after(owner(of), number, &after(*on_call))
                .await
                .map(drop),
            Step::Primary(of, number) => office.make_primary(owner(of), number).await.map(drop),
            Step::Release(number) => office.release_number(number).await.map(drop),
            Step::Reserve(number) => office.reserve_number(number, None).await.map(drop),
            Step::Import(of, number) => {
                let line = ImportLine {
                    line: 2,
                    number: number.to_string(),
                    username: format!("owner{of}"),
                    ..ImportLine::default()
                };
                let report = office.import_numbers(vec![line]).await?;
                match report.refused.is_empty() {
                    true => Ok(()),
                    false => Err(OfficeError::NoFreeNumber),
                }
            }
            Step::DaysPass => {
                self.days += 20;
                let now = SystemTime::now() + Duration::from_secs(self.days * 24 * 60 * 60);
                office.end_leases(now).await.map(drop)
            }
        }
    }

    /// Everything that must hold between two steps.
    async fn check(&self, before: &Rows) {
        for owner in 0..OWNERS {
            let held = self.count(owner, NumberState::Assigned);
            let of_owner =
                |row: &&NumberRow| row.account == Some(self.owners[owner]) && row.is_primary;
            let primaries = self.rows.values().filter(of_owner).count();
            assert_eq!(
                primaries,
                usize::from(held > 0),
                "one primary number of owner {owner}"
            );
            assert!(held <= PER_ACCOUNT as usize);
        }
        for (number, row) in &self.rows {
            let was = before.get(number);
            let epoch = was.map_or(0, |row| row.epoch);
            let begins = row.state == NumberState::Assigned
                && was.and_then(|row| row.account) != row.account;
            assert_eq!(
                row.epoch,
                epoch + i64::from(begins),
                "the epoch of {number}"
            );
            if was != Some(row) {
                let history = self
                    .office
                    .number_history(number.as_str())
                    .await
                    .expect("a history");
                let last = history.last().expect("a line");
                assert_eq!(
                    (last.state, last.account, last.epoch),
                    (row.state, row.account, row.epoch),
                    "the last line of the history of {number} is what it is"
                );
                assert!(history.is_sorted_by_key(|line| line.epoch));
            }
        }
        let pools = self.office.pools().await.expect("pools");
        let taken = (100..116)
            .filter(|value| self.state(&number(&value.to_string())).0 != NumberState::Free);
        assert_eq!(pools[0].free, 16 - taken.count() as i64, "the free ranges");
    }

    async fn read(&self) -> Rows {
        let rows = self.office.numbers(None).await.expect("numbers");
        let rows: Rows = rows
            .into_iter()
            .map(|row| (row.number.clone(), row))
            .collect();
        rows
    }
}

async fn run(ground: Ground, seed: u64) {
    let section = NumbersSection {
        per_account: PER_ACCOUNT,
        ..NumbersSection::default()
    };
    let office = ground.office().await.with_plan(section);
    let range = |text| NumberRange::parse(text).expect("a range");
    office
        .remove_pool(&range("1000-9999"))
        .await
        .expect("removed");
    let pool = office
        .add_pool(PoolPurpose::Accounts, &range("100-115"), PoolPolicy::Lowest)
        .await;
    pool.expect("a pool");
    let mut owners = Vec::new();
    for owner in 0..OWNERS {
        owners.push(
            add(
                &office,
                &format!("owner{owner}"),
                &(100 + owner).to_string(),
            )
            .await,
        );
    }
    let mut world = World {
        office,
        owners,
        rows: Rows::new(),
        days: 0,
    };
    world.rows = world.read().await;
    let mut dice = Dice(seed);
    let mut done = 0;
    for index in 0..STEPS {
        let step = dice.step();
        let foretold = world.foretell(&step);
        let result = world.perform(&step).await;
        assert_eq!(
            result.is_ok(),
            foretold,
            "step {index} of seed {seed}: {step:?}: {result:?}"
        );
        let before = std::mem::take(&mut world.rows);
        world.rows = world.read().await;
        match result {
            Ok(()) => done += 1,
            Err(_) => assert_eq!(
                world.rows, before,
                "step {index} of seed {seed} changed something"
            ),
        }
        world.check(&before).await;
    }
    assert!(done > STEPS / 5, "too few steps were done: {done}");
}

async fn whatever_owners_do_the_plan_holds_together(ground: Ground) {
    run(ground, 1).await;
}

async fn whatever_else_they_do_it_does_too(ground: Ground) {
    run(ground, 2).await;
}

on_both_engines!(
    whatever_owners_do_the_plan_holds_together,
    whatever_else_they_do_it_does_too,
);
