using Pup.Client.Operations;
using Pup.Client.Operations.Status;

namespace Pup.Tests.Operations;

/// <summary>Which condition follows from which facts. The log ends at 100 and the mark is there too, unless a case says otherwise.</summary>
public sealed class ConditionRulesTests
{
    private const string Here = "127.0.0.1:11111@1";
    private const string Gone = "127.0.0.1:11112@1";

    private static readonly DateTimeOffset _now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly PartitionFacts _owned = new(0) { Position = 100, Epoch = 7, Silo = Here };

    private static readonly LogFacts _log = new() { Now = _now, Mark = 100, MarkRoseAt = _now.AddSeconds(-60), IsSameSequence = true, SequenceValue = 100 };

    private static readonly ClusterFacts _cluster = new(new HashSet<string> { Here }, [new(Here, "orders", true)]);

    public static TheoryData<string, ProjectionCondition> Cases => new()
    {
        { "at the end", ProjectionCondition.CaughtUp },
        { "behind", ProjectionCondition.Running },
        { "no row", ProjectionCondition.NeverStarted },
        { "never owned", ProjectionCondition.NeverStarted },
        { "adopted from workers", ProjectionCondition.CaughtUp },
        { "paused at the end", ProjectionCondition.Paused },
        { "needs a rebuild at the end", ProjectionCondition.NeedsRebuild },
        { "rebuilding below its target", ProjectionCondition.Rebuilding },
        { "rebuilding past its target", ProjectionCondition.Running },
        { "rebuilt to the end", ProjectionCondition.CaughtUp },
        { "parked at the end", ProjectionCondition.Parked },
        { "parked and behind", ProjectionCondition.Parked },
        { "faulted", ProjectionCondition.Faulted },
        { "faulted and paused", ProjectionCondition.Faulted },
        { "what it needs is missing", ProjectionCondition.Faulted },
        { "what it needs is missing, and paused", ProjectionCondition.Paused },
        { "foreign writer", ProjectionCondition.ForeignWriter },
        { "no host", ProjectionCondition.Unplaced },
        { "no host, not even started", ProjectionCondition.Unplaced },
        { "no host, and paused", ProjectionCondition.Paused },
        { "owner gone and behind", ProjectionCondition.Unplaced },
        { "owner gone at the end", ProjectionCondition.CaughtUp },
        { "nobody owns it yet", ProjectionCondition.Unplaced },
        { "cluster unseen and behind", ProjectionCondition.Unknown },
        { "cluster unseen at the end", ProjectionCondition.CaughtUp },
        { "cluster unseen, but it was announced lately", ProjectionCondition.Running },
        { "held back by a writer", ProjectionCondition.StalledByWriter },
        { "held back by a writer whose age is hidden", ProjectionCondition.StalledByWriter },
        { "held back for a moment", ProjectionCondition.Running },
        { "below the mark, with a writer open", ProjectionCondition.Running },
        { "a writer open, and all seen", ProjectionCondition.CaughtUp },
        { "mark behind, without a writer", ProjectionCondition.Running },
        { "nobody ever looked", ProjectionCondition.Running },
        { "log and sequence behind the checkpoint", ProjectionCondition.LogWentBack },
        { "log and sequence behind the mark", ProjectionCondition.LogWentBack },
        { "another sequence", ProjectionCondition.LogWentBack },
        { "newest rows deleted", ProjectionCondition.CaughtUp },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Facts_decide(string facts, ProjectionCondition expected)
    {
        var (partition, projection, log, cluster) = Facts(facts);

        var (condition, reason) = ConditionRules.Of(partition, projection, log, cluster);

        Assert.Equal(expected, condition);
        Assert.Equal(
            expected is ProjectionCondition.CaughtUp or ProjectionCondition.Running or ProjectionCondition.Rebuilding && facts != "newest rows deleted",
            reason is null);
    }

    [Fact]
    public void Every_condition_has_a_case() =>
        Assert.Equal(Enum.GetValues<ProjectionCondition>().Order(), Cases.Select(row => row.Data.Item2).Distinct().Order());

    [Fact]
    public void Of_several_partitions_the_one_that_needs_an_operator_most_speaks_for_all()
    {
        var conditions = new[] { ProjectionCondition.CaughtUp, ProjectionCondition.Running, ProjectionCondition.Parked, ProjectionCondition.Faulted };
        var reports = conditions.Select((condition, index) => new PartitionReport { Partition = index, Condition = condition, Lag = 0, ParkedKeys = 0 }).ToList();

        Assert.Equal(ProjectionCondition.Faulted, ConditionRules.Foremost(reports).Condition);
        Assert.Equal(ProjectionCondition.Parked, ConditionRules.Foremost(reports[..3]).Condition);
        Assert.Equal(ProjectionCondition.Running, ConditionRules.Foremost(reports[..2]).Condition);
    }

    [Theory]
    [InlineData(100, 100, 0)]
    [InlineData(40, 100, 60)]
    [InlineData(120, 100, 0)]
    public void Lag_is_never_negative(long position, long visible, long expected)
    {
        var projection = Projection(_owned with { Position = position }) with { Visible = visible };

        var report = ReportBuilder.Build(projection, _log with { SequenceValue = 120 }, _cluster);

        Assert.Equal((expected, expected), (report.Lag, report.Partitions[0].Lag));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(12, 12)]
    [InlineData(4000, 3600)]
    [InlineData(-5, 3600)]
    public void A_mark_was_not_held_back_before_there_was_something_above_it(int appendedSecondsAgo, int expected)
    {
        // Nothing was appended for an hour, and how long the writer has been open is hidden.
        var log = _log with { Mark = 40, MarkRoseAt = _now.AddHours(-1), Writers = [new OpenWriter(4711, "import", null, null)] };
        var projection = Projection(_owned with { Position = 40 }) with { OldestUnseen = _now.AddSeconds(-appendedSecondsAgo) };

        var report = ReportBuilder.Build(projection, log, _cluster);

        Assert.Equal(TimeSpan.FromSeconds(expected), report.MarkAge);
        Assert.Equal(expected < 3 ? ProjectionCondition.Running : ProjectionCondition.StalledByWriter, report.Condition);
    }

    [Fact]
    public void A_rebuild_tells_how_much_is_left_at_the_speed_so_far()
    {
        var progress = ReportBuilder.Progress(25, 100, _now.AddSeconds(-10), _now, isRunning: true);

        Assert.Equal((0.25, TimeSpan.FromSeconds(30), false), (progress.Share, progress.Remaining, progress.IsDone));
        Assert.Null(ReportBuilder.Progress(0, 100, _now.AddSeconds(-10), _now, isRunning: true).Remaining);
        Assert.Null(ReportBuilder.Progress(25, 100, _now.AddSeconds(-10), _now, isRunning: false).Remaining);
        Assert.True(ReportBuilder.Progress(0, 0, _now, _now, isRunning: true).IsDone);
    }

    private static ProjectionFacts Projection(PartitionFacts partition, string state = "running") =>
        new("orders", [partition]) { State = state, Visible = 100 };

    private static (PartitionFacts, ProjectionFacts, LogFacts, ClusterFacts) Facts(string facts)
    {
        var behind = _owned with { Position = 40 };
        var held = _log with { Mark = 40, MarkRoseAt = _now.AddSeconds(-20), Writers = [new OpenWriter(4711, "import", null, TimeSpan.FromSeconds(20))] };
        return facts switch
        {
            "at the end" => With(_owned),
            "behind" => With(behind),
            "no row" => With(new PartitionFacts(0)),
            "never owned" => With(new PartitionFacts(0) { Position = 0 }),
            "adopted from workers" => With(new PartitionFacts(0) { Position = 100 }),
            "paused at the end" => With(_owned, "paused"),
            "needs a rebuild at the end" => With(_owned, "needs_rebuild"),
            "rebuilding below its target" => (behind, Projection(behind, "rebuilding") with { RebuildTarget = 50, RebuildStartedAt = _now }, _log, _cluster),
            "rebuilding past its target" => (behind, Projection(behind, "rebuilding") with { RebuildTarget = 40, RebuildStartedAt = _now }, _log, _cluster),
            "rebuilt to the end" => (_owned, Projection(_owned, "rebuilding") with { RebuildTarget = 100, RebuildStartedAt = _now }, _log, _cluster),
            "parked at the end" => With(_owned with { ParkedKeys = 1 }),
            "parked and behind" => With(behind with { ParkedKeys = 1 }),
            "faulted" => With(behind with { Fault = "It broke." }),
            "faulted and paused" => With(behind with { Fault = "It broke." }, "paused"),
            "what it needs is missing" => With(behind with { Trouble = "There is no table." }),
            "what it needs is missing, and paused" => With(behind with { Trouble = "There is no table." }, "paused"),
            "foreign writer" => With(behind with { Fault = "Foreign writer: it moved.", IsForeignWriter = true }),
            "no host" => With(_owned, cluster: new ClusterFacts(new HashSet<string>(), [new(Here, "orders", true)])),
            "no host, not even started" => With(new PartitionFacts(0), cluster: new ClusterFacts(new HashSet<string> { Here }, [])),
            "no host, and paused" => With(_owned, "paused", cluster: new ClusterFacts(new HashSet<string>(), [])),
            "owner gone and behind" => With(behind with { Silo = Gone }),
            "owner gone at the end" => With(_owned with { Silo = Gone }),
            "nobody owns it yet" => With(behind with { Silo = null }),
            "cluster unseen and behind" => With(behind, cluster: new ClusterFacts(null, [new(Here, "orders", false)])),
            "cluster unseen at the end" => With(_owned, cluster: new ClusterFacts(null, [])),
            "cluster unseen, but it was announced lately" => With(behind, cluster: new ClusterFacts(null, [new(Here, "orders", true)])),
            "held back by a writer" => With(behind, log: held),
            "held back by a writer whose age is hidden" => With(behind, log: held with { Writers = [new OpenWriter(4711, "import", null, null)] }),
            "held back for a moment" => With(behind, log: held with { Writers = [new OpenWriter(4711, "import", null, TimeSpan.FromSeconds(1))] }),
            "below the mark, with a writer open" => With(behind, log: held with { Mark = 60 }),
            "a writer open, and all seen" => With(_owned, log: held with { Mark = 100 }),
            "mark behind, without a writer" => With(behind, log: held with { Writers = [] }),
            "nobody ever looked" => With(behind, log: held with { Mark = null, MarkRoseAt = null, IsSameSequence = null }),
            "log and sequence behind the checkpoint" => With(_owned with { Position = 120 }),
            "log and sequence behind the mark" => With(behind, log: _log with { Mark = 120 }),
            "another sequence" => With(behind, log: _log with { IsSameSequence = false }),
            "newest rows deleted" => With(_owned with { Position = 120 }, log: _log with { SequenceValue = 120 }),
            _ => throw new ArgumentOutOfRangeException(nameof(facts), facts, "no such case"),
        };
    }

    private static (PartitionFacts, ProjectionFacts, LogFacts, ClusterFacts) With(PartitionFacts partition, string state = "running", LogFacts? log = null, ClusterFacts? cluster = null) =>
        (partition, Projection(partition, state), log ?? _log, cluster ?? _cluster);
}
