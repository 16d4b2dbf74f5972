using System.Globalization;
using Pup.Bench.CatchUp;
using Pup.Bench.Engine;
using Pup.Bench.Reporting;
using Pup.Bench.Servers;

namespace Pup.Bench.Telemetry;

/// <summary>Processor time of projecting a log, with and without being watched, alternately.</summary>
internal sealed class TelemetryScenario(TelemetrySettings settings, Progress progress)
{
    private const string Traced = "update events set trace_id = md5((global_position / 5)::text), causation_id = substr(md5((global_position / 5)::text), 1, 16)";

    public async Task<TelemetryResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.CreateAsync(cancellationToken);
        progress.Say($"seeding {settings.Events:N0} events");
        await Seed.RunAsync(database, settings.Events, cancellationToken);
        // Every five from one request: most batches have as many links as a span may have.
        await database.ExecuteAsync(Traced, cancellationToken);
        await database.ExecuteAsync("vacuum full analyze events", cancellationToken);

        var arena = new Arena(database, settings.Events);
        var engine = EngineContender.Totals(database.ConnectionString, 1);
        var runs = new List<(double Without, double With)>();
        await using var child = Child.Start(database.ConnectionString, ChildRole.Receiver);
        var receiver = await child.LineAsync(cancellationToken);
        var scrapes = 0L;
        for (var round = 0; round <= settings.Alternations; round++)
        {
            // Each goes first as often as second: what the machine does to whoever comes second does not count.
            var (without, with) = (0.0, 0.0);
            if (round % 2 == 0)
                without = await CostAsync(arena, engine, cancellationToken);
            await using (var watcher = await Watcher.StartAsync(receiver))
            {
                with = await CostAsync(arena, engine, cancellationToken);
                scrapes += watcher.Scrapes;
            }

            if (round % 2 == 1)
                without = await CostAsync(arena, engine, cancellationToken);
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"{(round == 0 ? "warm-up" : $"{round}/{settings.Alternations}")}: {without:0.000} s without, {with:0.000} s with, for 100,000 events"));
            if (round > 0)
                runs.Add((without, with));
        }

        return TelemetryResult.Of(settings, runs, scrapes, await Watcher.BytesOfAsync(receiver, cancellationToken));
    }

    private static async Task<double> CostAsync(Arena arena, EngineContender engine, CancellationToken cancellationToken) =>
        (await arena.RunAsync(engine, cancellationToken)).Microseconds / 10;
}
