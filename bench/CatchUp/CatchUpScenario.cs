using Pup.Bench.Baselines;
using Pup.Bench.Engine;
using Pup.Bench.Reporting;
using Pup.Bench.Servers;

namespace Pup.Bench.CatchUp;

/// <summary>How fast a log is projected from its beginning, by the engine and by hand, alternately on the same server.</summary>
internal sealed class CatchUpScenario(CatchUpSettings settings, Progress progress)
{
    public async Task<CatchUpResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.CreateAsync(cancellationToken);
        progress.Say($"seeding {settings.Events:N0} events");
        await Seed.RunAsync(database, settings.Events, cancellationToken);
        var contenders = Contenders(database.ConnectionString).Where(c => settings.Only is null || settings.Only.Contains(c.Name)).ToArray();

        var rates = contenders.ToDictionary(c => c.Name, _ => new List<double>());
        for (var round = 0; round <= settings.Alternations; round++)
        {
            foreach (var contender in contenders)
            {
                var run = await new Arena(database, settings.Events).RunAsync(contender, cancellationToken);
                progress.Say($"{(round == 0 ? "warm-up" : $"{round}/{settings.Alternations}")}: {contender.Name}: {run}");
                if (round > 0)
                    rates[contender.Name].Add(run.EventsPerSecond);
            }
        }

        return await MeasureMemoryAsync(database, CatchUpResult.Of(settings, rates), cancellationToken);
    }

    private async Task<CatchUpResult> MeasureMemoryAsync(BenchDatabase database, CatchUpResult result, CancellationToken cancellationToken)
    {
        if (settings.Only is not null && !settings.Memory)
            return result;
        result = result with { PeakMemoryMib = await new Arena(database, settings.Events).MeasureMemoryAsync(settings.Partitions, cancellationToken) };
        progress.Say($"peak memory: {result.PeakMemoryMib} MiB at {settings.Events:N0} events");
        if (!settings.Memory)
            return result;

        var many = 10 * settings.Events;
        progress.Say($"seeding {many:N0} events");
        await Seed.RunAsync(database, many, cancellationToken);
        result = result with { ManyEvents = many, PeakMemoryManyMib = await new Arena(database, many).MeasureMemoryAsync(settings.Partitions, cancellationToken) };
        progress.Say($"peak memory: {result.PeakMemoryManyMib} MiB at {many:N0} events");
        return result;
    }

    private IEnumerable<IContender> Contenders(string connectionString)
    {
        yield return EngineContender.Totals(connectionString, settings.Partitions);
        yield return new PipelinedLoop(connectionString, settings.Partitions);
        if (settings.Partitions > 1)
            yield return new FanOutLoop(connectionString, settings.Partitions);
        yield return new RowByRowLoop(connectionString, settings.Partitions);
        yield return EngineContender.Documents(connectionString, settings.Partitions);
        yield return new BulkFoldLoop(connectionString, settings.Partitions);
    }
}
