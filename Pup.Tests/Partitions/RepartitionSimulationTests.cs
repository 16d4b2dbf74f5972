using CsCheck;
using Pup.Grains.Checkpoints;
using Pup.Grains.Partitions;
using Pup.Tests.Scenarios;

namespace Pup.Tests.Partitions;

/// <summary>
/// Random histories of commits, skips, late commits of former owners, repartitions from any number to any other, rebuilds and rows moved back
/// by hand: in all of them every event is applied once for each of its keys, and in order.
/// </summary>
public sealed class RepartitionSimulationTests
{
    private static readonly Gen<(int[] History, bool Resettable)> s_histories = Gen.Select(Gen.Int[0, 1 << 24].Array[0, 150], Gen.Bool);

    [Fact]
    public void Every_event_is_applied_once_and_in_order_whatever_happens()
    {
        var seen = new Dictionary<string, int>();
        s_histories.Sample(
            history =>
            {
                foreach (var (what, times) in Play(history, new RepartitionRules()))
                {
                    lock (seen)
                        seen[what] = seen.GetValueOrDefault(what) + times;
                }
            },
            iter: Chance.IsLong ? 1_000_000 : 20_000);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", seen.OrderBy(static pair => pair.Key).Select(static pair => $"{pair.Key} {pair.Value}")));
        foreach (var what in new[] { "skipped", "fenced", "repartitioned", "repartitioned again", "rebuilt", "moved back", "needs rebuild" })
            Assert.True(seen.GetValueOrDefault(what) > 400, $"'{what}' hardly ever happened");
    }

    [Fact]
    public void To_start_at_the_greatest_position_loses_events() => AssertWrong(new RepartitionRules
    {
        Start = rows => Repartitioning.Start(rows).At(rows.Max(static row => row.Position ?? 0)),
    });

    [Fact]
    public void To_start_at_the_least_position_without_a_vector_applies_events_twice() => AssertWrong(new RepartitionRules
    {
        Start = rows => new AppliedColumn(Repartitioning.Start(rows).Position, AppliedVectors.None),
    });

    [Fact]
    public void To_forget_the_vectors_of_an_earlier_repartition_applies_events_twice() => AssertWrong(new RepartitionRules
    {
        Start = rows => Repartitioning.Start([.. rows.Select(static row => row with { Applied = null })]),
    });

    [Fact]
    public void To_take_the_vectors_of_one_row_for_those_of_all_applies_events_twice() => AssertWrong(new RepartitionRules
    {
        Start = rows => Repartitioning.Start([rows[0], .. rows.Skip(1).Select(static row => row with { Applied = null })]),
    });

    [Fact]
    public void To_take_only_the_vectors_that_all_rows_carry_applies_events_twice() => AssertWrong(new RepartitionRules
    {
        Start = rows => Repartitioning.Start([.. rows.Select(row => row with
        {
            Applied = row.Applied is null ? null : row.Applied with
            {
                Vectors = AppliedVectors.Of(row.Applied.Vectors.All.Where(vector => rows.All(other => other.Applied?.Vectors.All.Contains(vector) == true))),
            },
        })]),
    });

    [Fact]
    public void To_drop_a_vector_at_its_minimum_applies_events_twice() => AssertWrong(new RepartitionRules
    {
        At = static (column, position) => new AppliedColumn(position, AppliedVectors.Of(column.Vectors.All.Where(vector => vector.Positions.Min() > position))),
    });

    [Fact]
    public void To_read_the_rows_before_they_are_locked_applies_events_twice() => AssertWrong(new RepartitionRules { ReadsBeforeLocking = true });

    [Fact]
    public void To_keep_the_epochs_lets_owners_of_old_partitions_commit() => AssertWrong(new RepartitionRules { RepartitionKeepsEpochs = true });

    [Fact]
    public void To_keep_the_vectors_over_a_rebuild_loses_events() => AssertWrong(new RepartitionRules { RebuildKeepsVectors = true });

    [Fact]
    public void To_go_on_from_a_row_that_was_moved_back_loses_events() => AssertWrong(new RepartitionRules { MovedBack = static _ => null });

    [Fact]
    public void To_heed_a_row_that_was_moved_back_only_if_it_carries_a_vector_itself_loses_events() => AssertWrong(new RepartitionRules
    {
        MovedBack = static rows => rows.FirstOrDefault(static row => row is { CarriesVectors: true, IsMovedBack: true }),
    });

    // The check itself must find it out, else it proves nothing about the right rules.
    private static void AssertWrong(RepartitionRules rules)
    {
        var wrong = false;
        s_histories.Sample(
            history =>
            {
                if (Volatile.Read(ref wrong))
                    return;
                try
                {
                    Play(history, rules);
                }
                catch (InvalidOperationException)
                {
                    Volatile.Write(ref wrong, true);
                }
            },
            iter: 20_000);
        Assert.True(wrong, "No history told the wrong rule from the right one.");
    }

    private static Dictionary<string, int> Play((int[] History, bool Resettable) history, RepartitionRules rules)
    {
        var projection = new SimulatedProjection(history.Resettable, rules);
        foreach (var step in history.History)
            projection.Step(step);
        projection.Finish();
        return projection.Seen;
    }
}
