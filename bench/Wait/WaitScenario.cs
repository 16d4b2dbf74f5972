using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Pup.Bench.Cluster;
using Pup.Bench.Reporting;
using Pup.Bench.Servers;
using Pup.Client;
using Pup.Client.Operations;

namespace Pup.Bench.Wait;

/// <summary>
/// Reading one's own writes over three silos: append and <see cref="IProjectionClient.WaitForAsync"/>, against append and polling the row
/// by hand, alternately on the same cluster.
/// </summary>
internal sealed class WaitScenario(WaitSettings settings, Progress progress)
{
    public async Task<WaitBenchResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.CreateAsync(cancellationToken);
        await Seed.RunAsync(database, 0, cancellationToken);
        var arena = new ClusterArena(database);
        List<SiloChild> silos = [];
        try
        {
            for (var index = 0; index < 3; index++)
                silos.Add(SiloChild.StartWithGateway(database.ConnectionString, ChildRole.ClusterSilo, string.Create(CultureInfo.InvariantCulture, $"--total-partitions={settings.Partitions}")));
            await arena.JoinedAsync(silos, cancellationToken);
            await arena.UntilAsync(
                async () => await arena.SpreadAsync(silos, cancellationToken) is var shares && shares.Sum() == settings.Partitions && shares.Max() - shares.Min() <= 1, "the partitions are spread evenly", cancellationToken);
            await arena.AllAdvanceAsync(silos, cancellationToken);
            return await MeasureAsync(database, cancellationToken);
        }
        finally
        {
            foreach (var silo in silos)
                await silo.DisposeAsync();
        }
    }

    private async Task<WaitBenchResult> MeasureAsync(BenchDatabase database, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxAutoPrepare = 20, MaxPoolSize = 40 });
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("DATABASE_URL", (string?)database.ConnectionString)]);
        builder.AddPupClient();
        using var application = builder.Build();
        await application.StartAsync(cancellationToken);
        var writer = new ReadYourWrites(source, application.Services.GetRequiredService<IProjectionClient>());
        var (waitFor, polling, early) = (new List<double>(), new List<double>(), 0);
        for (var round = 1; round <= settings.Alternations; round++)
        {
            polling.AddRange(await FlowAsync($"{round}/{settings.Alternations}: polling", writer.PollAsync, static _ => Task.CompletedTask, cancellationToken));
            waitFor.AddRange(await FlowAsync($"{round}/{settings.Alternations}: WaitFor", writer.WaitForAsync, CheckAsync, cancellationToken));
        }

        await application.StopAsync(cancellationToken);
        return WaitBenchResult.Of(settings, waitFor, polling, early);

        async Task CheckAsync(string order)
        {
            if (!await writer.IsVisibleAsync(order, cancellationToken))
                Interlocked.Increment(ref early);
        }
    }

    /// <summary>An open loop: appends are due by the clock, whether or not earlier ones have become visible. The first two seconds are warm-up.</summary>
    private async Task<List<double>> FlowAsync(
        string what, Func<string, CancellationToken, Task> visibleAsync, Func<string, Task> checkAsync, CancellationToken cancellationToken)
    {
        var (latencies, orders, start) = (new ConcurrentBag<double>(), new List<Task>(), Stopwatch.GetTimestamp());
        var warmUp = 2 * settings.Rate;
        for (var number = 0; number < warmUp + (settings.Seconds * settings.Rate); number++)
        {
            var due = TimeSpan.FromSeconds(number / (double)settings.Rate) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero)
                await Task.Delay(due, cancellationToken);
            var counts = number >= warmUp;
            orders.Add(Task.Run(() => OrderAsync(counts), cancellationToken));
        }

        await Task.WhenAll(orders);
        progress.Say(string.Create(
            CultureInfo.InvariantCulture, $"{what}: p50 {Statistics.Percentile(latencies, 0.5):N1} ms, p99 {Statistics.Percentile(latencies, 0.99):N1} ms of {latencies.Count}"));
        return [.. latencies];

        async Task OrderAsync(bool counts)
        {
            var order = $"order-{Guid.NewGuid():N}";
            var begun = Stopwatch.GetTimestamp();
            await visibleAsync(order, cancellationToken);
            if (counts)
                latencies.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            await checkAsync(order);
        }
    }
}
