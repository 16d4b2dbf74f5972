using System.Diagnostics;
using Pup.Bench.Servers;

namespace Pup.Bench.CatchUp;

/// <summary>Runs one contender over the whole log: from empty tables, on a tidy server, and believes no time whose read model is wrong.</summary>
internal sealed class Arena(BenchDatabase database, long events)
{
    // The checkpoints of everybody; each contender makes its own anew.
    private const string Reset = "truncate projection_checkpoints, projections cascade";

    public async Task<Run> RunAsync(IContender contender, CancellationToken cancellationToken)
    {
        var table = contender.ReadModel.Table;
        await database.ExecuteAsync(Reset, cancellationToken);
        await database.ExecuteAsync($"do $$ begin if to_regclass('{table}') is not null then truncate {table}; end if; end $$", cancellationToken);
        await contender.PrepareAsync(cancellationToken);
        await database.ExecuteAsync("vacuum", cancellationToken);
        await database.ExecuteAsync("checkpoint", cancellationToken);
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
