using System.Globalization;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Scenarios.Proxy;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Chaos;

/// <summary>Does one thing after the other to silos, lines and server; each returns when it is over, though not what follows from it.</summary>
internal sealed class Faults(PostgresServer server, TestDatabase database, ChaosPlan plan, Random random)
{
    private const string LookSessionSql = """
        select l.pid from pg_locks l join pg_stat_activity a on a.pid = l.pid and a.application_name = 'pup' and a.datname = current_database()
        where l.locktype = 'advisory' and l.mode = 'ExclusiveLock' order by random() limit 1
        """;

    private const string AnySessionSql = """
        select pid from pg_stat_activity where application_name like 'pup%' and datname = current_database() order by random() limit 1
        """;

    private const string TerminateSql = """
        select count(pg_terminate_backend(pid)) from pg_stat_activity
        where application_name like 'pup%' and datname = current_database() and random() < $1
        """;

    private static readonly TimeSpan _sending = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _following = TimeSpan.FromSeconds(15);

    private int _orders;

    public static bool IsOnServer(FaultKind kind) => kind >= FaultKind.RestartServer;

    /// <returns>Whether it came about.</returns>
    public Task<bool> InflictAsync(FaultKind kind, SiloSlot victim) => kind switch
    {
        FaultKind.KillSilo => SignalAsync(victim.Process.KillAsync),
        FaultKind.TerminateSilo => SignalAsync(victim.Process.TerminateAsync),
        FaultKind.FreezeSilo => FreezeAsync(victim.Process),
        FaultKind.FreezeSending => FreezeSendingAsync(victim),
        FaultKind.CutLine => CutLineAsync(victim),
        FaultKind.CutCommits => CutCommitsAsync(victim.Line),
        FaultKind.DropFromServer => DropAsync(victim, victim.Network!.CutFromServerAsync),
        FaultKind.DropFromSilos => DropAsync(victim, victim.Network!.CutFromSilosAsync),
        FaultKind.Repartition => OrderAsync(victim.Process, $"repartition {Pick("ledger", "counter", "docs", "live")} {1 + random.Next(plan.Partitions + 2)}"),
        FaultKind.Rebuild => OrderAsync(victim.Process, $"rebuild {Pick("ledger", "docs")}"),
        FaultKind.RestartServer => StopServerAsync(server.RestartAsync),
        FaultKind.CrashServer => StopServerAsync(CrashServerAsync),
        FaultKind.KillBackend => KillBackendAsync(),
        FaultKind.TerminateBackends => TerminateBackendsAsync(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static async Task<bool> SignalAsync(Func<Task> signal)
    {
        await signal();
        return true;
    }

    // Detection takes 3 s: some wake up before, some after it.
    private async Task<bool> FreezeAsync(SiloProcess silo)
    {
        await silo.FreezeAsync();
        await Task.Delay(random.Next(200, 6_000));
        await silo.ThawAsync();
        return true;
    }

    private async Task<bool> FreezeSendingAsync(SiloSlot victim)
    {
        var line = victim.Line;
        line.FreezeAfterSending = bytes => bytes > 2_000 && line.Frozen == 0;
        for (var waited = 0; line.Frozen == 0 && waited < _sending.TotalMilliseconds; waited += 10)
            await Task.Delay(10);
        var came = line.Frozen > 0;
        line.FreezeAfterSending = static _ => false;
        await FreezeAsync(victim.Process);
        await victim.RenewLineAsync(TimeSpan.Zero);
        return came;
    }

    private async Task<bool> CutLineAsync(SiloSlot victim)
    {
        var time = TimeSpan.FromMilliseconds(random.Next(200, 6_000));
        if (random.Next(2) == 0)
        {
            await victim.RenewLineAsync(time);
            return true;
        }

        victim.Line.CutFrozenClients = random.Next(2) == 0;
        victim.Line.FreezeAfterSending = static _ => true;
        await Task.Delay(time);
        var came = victim.Line.Frozen > 0;
        await victim.RenewLineAsync(TimeSpan.Zero);
        return came;
    }

    private async Task<bool> DropAsync(SiloSlot victim, Func<int, Task> cut)
    {
        await cut(victim.Index);
        await Task.Delay(random.Next(200, 6_000));
        await victim.Network!.HealAsync(victim.Index);
        return true;
    }

    private async Task<bool> CutCommitsAsync(TcpProxy line)
    {
        var cuts = 0;
        var fate = new[] { CommitFate.CutBefore, CommitFate.CutAtOnce, CommitFate.CutAfter }[random.Next(3)];
        line.OnCommit = () => Interlocked.Increment(ref cuts) % 2 == 1 ? fate : CommitFate.Pass;
        await Task.Delay(random.Next(200, 1_500));
        line.OnCommit = static () => CommitFate.Pass;
        return cuts > 0;
    }

    private async Task<bool> OrderAsync(SiloProcess silo, string order)
    {
        var number = (++_orders).ToString(CultureInfo.InvariantCulture);
        try
        {
            await silo.TellAsync($"{number} {order}");
        }
        catch (IOException)
        {
            return false;
        }

        for (var waited = 0; waited < _following.TotalMilliseconds && !silo.HasExited; waited += 20)
        {
            if (silo.Log().Contains($"order {number} ", StringComparison.Ordinal))
                return silo.Log().Contains($"order {number} done", StringComparison.Ordinal);
            await Task.Delay(20);
        }

        return false;
    }

    private async Task CrashServerAsync()
    {
        await server.StopImmediateAsync();
        await Task.Delay(random.Next(500));
        await server.StartAgainAsync();
    }

    private async Task<bool> StopServerAsync(Func<Task> stop)
    {
        await stop();
        return await Patience.AskAsync<bool>(database, "select true");
    }

    private async Task<bool> KillBackendAsync()
    {
        var pid = await Patience.AskAsync<int>(database, random.Next(2) == 0 ? LookSessionSql : AnySessionSql);
        if (pid == 0)
            return false;
        await Shell.RunAsync("kill -9 \"$1\" || true", $"{pid}");
        return true;
    }

    private async Task<bool> TerminateBackendsAsync() => random.Next(3) == 0
        ? await Patience.AskAsync<bool>(database, $"select pg_terminate_backend(pid) from ({LookSessionSql}) as victim")
        : await Patience.AskAsync<long>(database, TerminateSql, random.NextDouble()) > 0;

    private string Pick(params string[] names) => names[random.Next(names.Length)];
}
