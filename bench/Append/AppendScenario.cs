using System.Diagnostics;
using System.Text;
using Npgsql;
using Pup.Bench.Engine;
using Pup.Bench.Reporting;
using Pup.Bench.Servers;
using Pup.Client.Events;

namespace Pup.Bench.Append;

/// <summary>How fast applications append through the event store, while nobody reads and while a silo projects what they append.</summary>
internal sealed class AppendScenario(AppendSettings settings, Progress progress)
{
    private const int Writers = 16;
    private const int AggregatesPerWriter = 100;

    private static readonly byte[] s_payload = Encoding.UTF8.GetBytes("{\"amount\":1,\"note\":\"" + new string('x', 178) + "\"}");

    public async Task<AppendResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.CreateAsync(cancellationToken);
        // Tables without events: the silo follows the writers from the first append on.
        await Seed.RunAsync(database, 0, cancellationToken);
        await RunningEngine.RegisterAsync(database.DataSource, () => new OrderTotals(), 1, cancellationToken);
        var (without, with) = (new List<double>(), new List<double>());
        for (var round = 0; round <= settings.Alternations; round++)
        {
            await MeasureAsync(database, round, "without a silo", without, cancellationToken);
            await using (Child.Start(database.ConnectionString, ChildRole.Silo))
            {
                await CaughtUpAsync(database, cancellationToken);
                await MeasureAsync(database, round, "with a silo", with, cancellationToken);
                await CaughtUpAsync(database, cancellationToken);
            }
        }

        return new AppendResult
        {
            Writers = Writers,
            Alternations = settings.Alternations,
            WithoutSilo = Math.Round(Statistics.Median(without)),
            WithSilo = Math.Round(Statistics.Median(with)),
        };
    }

    private async Task MeasureAsync(BenchDatabase database, int round, string what, List<double> rates, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("vacuum", cancellationToken);
        await database.ExecuteAsync("checkpoint", cancellationToken);
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        var store = new EventStore(source);
        var (clock, span) = (Stopwatch.GetTimestamp(), TimeSpan.FromSeconds(settings.Seconds));
        var counts = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer), cancellationToken)));
        var rate = counts.Sum() / Stopwatch.GetElapsedTime(clock).TotalSeconds;
        progress.Say($"{(round == 0 ? "warm-up" : $"{round}/{settings.Alternations}")}: {what}: {rate:N0} appends/s");
        if (round > 0)
            rates.Add(rate);

        async Task<long> WriteAsync(int writer)
        {
            var appended = 0L;
            for (; Stopwatch.GetElapsedTime(clock) < span; appended++)
                await store.AppendAsync("Sales", "Order", $"order-{writer}-{appended % AggregatesPerWriter}", ExpectedVersion.Any, [new Event { EventType = "OrderLineAdded", Payload = s_payload }], cancellationToken);
            return appended;
        }
    }

    /// <summary>A silo that does not project what is appended would cost nothing and prove nothing.</summary>
    private static async Task CaughtUpAsync(BenchDatabase database, CancellationToken cancellationToken)
    {
        for (var clock = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(clock) < TimeSpan.FromMinutes(2);)
        {
            if (await database.ScalarAsync<bool>("select (select coalesce(sum(events), 0) from order_totals) = (select count(*) from events)", cancellationToken))
                return;
            await Task.Delay(200, cancellationToken);
        }

        throw new BenchException("The silo did not project what was appended within two minutes; see its messages above.");
    }
}
