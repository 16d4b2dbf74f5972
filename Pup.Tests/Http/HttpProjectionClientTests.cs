using Pup.Client.Events;
using Pup.Client.Http;
using Pup.Client.Operations;

namespace Pup.Tests.Http;

/// <summary>The client over HTTP, on a real server before a scripted cluster: it must be told, and say, the same.</summary>
public sealed class HttpProjectionClientTests
{
    private readonly ScriptedClient _cluster = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_operation_arrives_as_it_was_meant_and_its_answer_comes_back()
    {
        await using var host = await HttpHost.StartAsync(_cluster, HttpHost.Keys);
        using var client = new HttpProjectionClient(host.Pup, HttpHost.OperateKey);
        Assert.Equal("orders", Assert.Single(await client.ListAsync(Token)).Projection);
        var report = await client.GetAsync("orders", Token);
        Assert.Equal((_cluster.Report.Condition, _cluster.Report.Partitions[0]), (report.Condition, report.Partitions[0]));
        await client.PauseAsync("orders", Token);
        await client.ResumeAsync("orders", Token);
        await client.RestartAsync("orders", Token);
        await client.RepartitionAsync("orders", 8, Token);
        await client.CancelRebuildAsync("orders", Token);
        var filter = new DeadLetterFilter { Error = "a b&c=ü", OrderingKey = "k/1?", After = 5, Limit = 7 };
        Assert.Equal("k", Assert.Single(await client.ListDeadLettersAsync("orders", filter, Token)).OrderingKey);
        var letter = await client.FindDeadLetterAsync("orders", 1, Token);
        Assert.Equal(("no\nat all", "{\"secret\":1}"), (letter!.FullError, System.Text.Encoding.UTF8.GetString(letter.Event!.Payload.Span)));
        Assert.Null(await client.FindDeadLetterAsync("orders", 2, Token));
        Assert.Equal(3, await client.RetryDeadLettersAsync("orders", new() { Error = "e" }, Token));
        Assert.Equal(2, await client.DiscardDeadLettersAsync("orders", DeadLetterFilter.All, Token));
        Assert.Equal(new WaitResult(WaitOutcome.BlockedByWriter, "pid 7"), await client.WaitForAsync("orders", new AppendResult([7, 9], 1, 2), TimeSpan.FromSeconds(2), Token));
        Assert.Equal(
            [
                "list", "get orders", "pause orders", "resume orders", "restart orders", "repartition orders 8", "cancel orders", $"letters orders {filter}", "letter orders 1", "letter orders 2",
                $"retry orders {new DeadLetterFilter { Error = "e" }}", $"discard orders {DeadLetterFilter.All}", "wait orders 9 00:00:02",
            ],
            _cluster.Calls);
        Assert.Equal("ops", _cluster.Actor);
    }

    [Fact]
    public async Task A_rebuild_and_a_catch_up_are_followed_to_their_ends()
    {
        await using var host = await HttpHost.StartAsync(_cluster);
        using var client = new HttpProjectionClient(host.Pup);
        var seen = new List<RebuildProgress>();
        await foreach (var progress in client.RebuildAsync("orders", Token))
        {
            seen.Add(progress);
            _cluster.Report = _cluster.Report with { Rebuild = null };
        }

        Assert.Equal((0, 100, true), (seen[0].Applied, seen[^1].Applied, seen[^1].IsDone));
        _cluster.Goes.SetResult();
        Assert.Equal([null, "there"], (await client.CatchUpAsync("orders", Token).ToListAsync(Token)).Select(report => report.Reason));
    }

    [Fact]
    public async Task Errors_are_those_of_the_cluster()
    {
        await using var host = await HttpHost.StartAsync(_cluster, HttpHost.Keys);
        using var client = new HttpProjectionClient(host.Pup, HttpHost.OperateKey);
        Assert.Equal("nothing", (await Assert.ThrowsAsync<ProjectionNotFoundException>(() => client.GetAsync("nothing", Token))).Projection);
        _cluster.Failure = new ProjectionRefusedException("It cannot be reset.");
        Assert.Equal("It cannot be reset.", (await Assert.ThrowsAsync<ProjectionRefusedException>(async () => await client.RebuildAsync("orders", Token).ToListAsync(Token))).Message);
        _cluster.Failure = new ClusterUnavailableException("No silo answered.");
        Assert.Equal("No silo answered.", (await Assert.ThrowsAsync<ClusterUnavailableException>(() => client.PauseAsync("orders", Token))).Message);
        using var reader = new HttpProjectionClient(host.Pup, HttpHost.ReadKey);
        Assert.Contains("viewer", (await Assert.ThrowsAsync<UnauthorizedAccessException>(() => reader.PauseAsync("orders", Token))).Message, StringComparison.Ordinal);
        await host.StopAsync();
        Assert.Contains("cannot be reached", (await Assert.ThrowsAsync<ClusterUnavailableException>(() => client.PauseAsync("orders", Token))).Message, StringComparison.Ordinal);
    }
}
