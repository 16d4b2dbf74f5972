using System.Diagnostics;
using System.Globalization;
using Pup.Bench.Engine;
using Pup.Bench.Servers;

namespace Pup.Bench.CatchUp;

/// <summary>Runs one contender over the whole log: from empty tables, on a tidy server, and believes no time whose read model is wrong.</summary>
internal sealed class Arena(BenchDatabase database, long events)
{
    // The checkpoints of everybody; each contender makes its own anew.
    private const string Reset = "truncate projection_checkpoints, projections cascade";

    public async Task<Run> RunAsync(IContender contender, CancellationToken cancellationToken)
    {
        await PrepareAsync(contender, cancellationToken);
        GC.Collect();

        var (clock, cpu, bytes) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
        await contender.RunAsync(events, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        var run = new Run(
            events / seconds,
            (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / events,
            (GC.GetTotalAllocatedBytes() - bytes) / (double)events);

        await VerifyAsync(contender, cancellationToken);
        return run;
    }

    /// <summary>The most memory, in MiB, that a process ever holds which runs only the engine over the whole log.</summary>
    public async Task<double> MeasureMemoryAsync(int partitions, CancellationToken cancellationToken)
    {
        var engine = EngineContender.Totals(database.ConnectionString, partitions);
        await PrepareAsync(engine, cancellationToken);
        await using var child = Child.Start(database.ConnectionString, ChildRole.Memory, $"{events}", $"{partitions}");
        var kibibytes = long.Parse(await child.OutputAsync(cancellationToken), CultureInfo.InvariantCulture);
        await VerifyAsync(engine, cancellationToken);
        return Math.Round(kibibytes / 1024.0, 1);
    }

    private async Task PrepareAsync(IContender contender, CancellationToken cancellationToken)
    {
        var table = contender.ReadModel.Table;
        await database.ExecuteAsync(Reset, cancellationToken);
        await database.ExecuteAsync($"do $$ begin if to_regclass('{table}') is not null then truncate {table}; end if; end $$", cancellationToken);
        await contender.PrepareAsync(cancellationToken);
        await database.ExecuteAsync("vacuum", cancellationToken);
        await database.ExecuteAsync("checkpoint", cancellationToken);
    }

    private async Task VerifyAsync(IContender contender, CancellationToken cancellationToken)
    {
        await using var proof = database.DataSource.CreateCommand(contender.ReadModel.Proof);
        await using var row = await proof.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        var (counted, amount, wrong) = (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
        if (counted != events || amount != Seed.AmountOf(events) || wrong != 0)
            throw new BenchException(
                $"The run of '{contender.Name}' is void: its read model counts {counted} of {events} events, amounts to {amount} instead of {Seed.AmountOf(events)}, and has {wrong} rows out of order.");
    }
}
