using Pup.Client.Operations;
using Pup.Tests.Http;
using Pup.Tests.Operations;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Commands;

/// <summary>Commands over HTTP, with a key.</summary>
public sealed class HttpCommandTests(PostgresServer server)
{
    [Fact]
    public async Task A_url_and_a_key_do_what_an_address_of_the_database_does()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var cluster = await SiloCluster.StartLedgerAsync(database);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await using var host = await HttpHost.StartAsync(cluster.Projections, HttpHost.Keys);

        Assert.Contains("caught up", (await OverAsync(HttpHost.ReadKey, "list")).Fits().Output, StringComparison.Ordinal);
        Assert.Equal(2, (await OverAsync(HttpHost.ReadKey, "status", "ledger", "--json")).Good().Json.GetProperty("partitions").GetArrayLength());
        Assert.Contains("'ledger_p1'", (await OverAsync(HttpHost.ReadKey, "sql", "recover", "ledger")).Good().Output, StringComparison.Ordinal);
        (await OverAsync(HttpHost.ReadKey, "status", "nobody")).Ends(3, "no projection 'nobody'");
        (await OverAsync(HttpHost.ReadKey, "pause", "ledger")).Fails(5, "--key");
        (await OverAsync("wrong", "list")).Ends(5, "--key");

        (await OverAsync(HttpHost.OperateKey, "pause", "ledger")).Fits();
        await cluster.UntilAsync("ledger", ProjectionCondition.Paused);
        (await OverAsync(HttpHost.OperateKey, "resume", "ledger")).Fits();
        Assert.True((await OverAsync(HttpHost.OperateKey, "rebuild", "ledger", "--yes", "--json")).Good().Json.GetProperty("isDone").GetBoolean());
        Assert.Equal("ledger has caught up.", (await OverAsync(HttpHost.OperateKey, "catch-up", "ledger")).Fits().Output.Trim());
        await Ledger.AssertExactAsync(database);

        // No list of processes shows what is in the environment.
        (await PupRun.RunAsync(new Dictionary<string, string> { ["PUP_URL"] = host.Pup.ToString(), ["PUP_KEY"] = HttpHost.ReadKey }, "list")).Good();

        Task<PupRun> OverAsync(string key, params string[] arguments) =>
            PupRun.RunAsync(new Dictionary<string, string>(), [.. arguments, "--url", host.Address.ToString(), "--key", key]);
    }
}
