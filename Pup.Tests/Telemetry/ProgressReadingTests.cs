using Pup.Grains.Telemetry;

namespace Pup.Tests.Telemetry;

public sealed class ProgressReadingTests
{
    [Fact]
    public void Where_partition_0_runs_the_lag_is_shown()
    {
        var orders = Orders("running", At(10, "b@1"), At(20, "a@1"));
        Assert.Equal("b@1", Reading(orders, "a@1", "b@1").ExporterOf(orders));
    }

    [Theory]
    [InlineData("b@1", "a@1")]
    [InlineData(null, "a@1")]
    public void Where_nobody_runs_it_the_first_of_all_silos_shows_it_whatever_it_hosts(string? owner, string exporter)
    {
        var orders = Orders("running", At(10, owner));
        Assert.Equal(exporter, Reading(orders, "c@1", "a@1").ExporterOf(orders));
    }

    [Fact]
    public void Lag_is_that_of_a_checkpoint_and_all_of_the_log_where_there_is_none_and_never_negative()
    {
        var reading = Reading(Orders("running", At(0, null)), "a@1");
        Assert.Equal([90, 100, 0], new long?[] { 10, null, 200 }.Select(position => reading.LagOf(At(position, null))));
    }

    [Theory]
    [InlineData("running", "a@1", false, "running")]
    [InlineData("rebuilding", "a@1", false, "rebuilding")]
    [InlineData("running", "a@1", true, "faulted")]
    [InlineData("running", "gone@1", false, "unowned")]
    [InlineData("running", null, false, "unowned")]
    [InlineData("paused", null, true, "paused")]
    [InlineData("needs_rebuild", "a@1", false, "needs_rebuild")]
    public void A_partition_has_one_state(string projection, string? owner, bool faulted, string state)
    {
        var orders = Orders(projection, At(10, owner) with { IsFaulted = faulted });
        Assert.Equal(state, Reading(orders, "a@1").StateOf(orders, orders.Partitions[0]));
        Assert.Contains(state, ProgressReading.States);
    }

    [Fact]
    public void A_projection_that_no_living_silo_hosts_is_unplaced()
    {
        var orders = Orders("running", At(10, "a@1"));
        var reading = new ProgressReading(100, default, new[] { "gone@1" }.ToLookup(_ => "orders"), [orders], new HashSet<string> { "a@1" });
        Assert.Equal("unplaced", reading.StateOf(orders, orders.Partitions[0]));
    }

    [Fact]
    public void A_rebuild_is_done_by_the_share_of_all_its_partitions()
    {
        Assert.Null(Orders("running", At(10, null)).Rebuilt);
        Assert.Equal(0.625, (Orders("rebuilding", At(50, null), At(500, null), At(100, null), At(null, null)) with { RebuildTarget = 100 }).Rebuilt);
        Assert.Equal(1, (Orders("rebuilding", At(0, null)) with { RebuildTarget = 0 }).Rebuilt);
    }

    private static ProgressReading Reading(ProjectionProgress orders, params string[] living) =>
        new(100, default, living.Append("b@1").ToLookup(_ => "orders"), [orders], living.ToHashSet());

    private static ProjectionProgress Orders(string state, params PartitionProgress[] partitions) => new("orders", state, null, partitions);

    private static PartitionProgress At(long? position, string? owner) => new(0, position, owner, false, null);
}
