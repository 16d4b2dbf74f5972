using System.Globalization;
using System.Net;
using Npgsql;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Scenarios.Proxy;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Chaos;

/// <summary>A silo and its line to the server; does what an orchestrator does: a process that ended is started again.</summary>
internal sealed class SiloSlot : IAsyncDisposable
{
    private const int Workers = 3;

    /// <summary>Connections a silo may have open: workers × 2 + 3, and three for membership and reminders.</summary>
    public const int Budget = (Workers * 2) + 3 + 3;

    private readonly PostgresServer _server;
    private readonly string _connectionString;
    private readonly string[] _program;
    private readonly string[] _flags;
    private readonly List<SiloProcess> _former = [];

    public SiloSlot(int index, SiloNetwork? network, PostgresServer server, TestDatabase database, int seed, ChaosPlan plan)
    {
        _server = server;
        Index = index;
        Network = network;
        ServerAddress = network?.Server ?? IPAddress.Loopback;
        Line = new TcpProxy(server.Port, address: ServerAddress);
        Port = Line.Port;
        _connectionString = new NpgsqlConnectionStringBuilder(server.TcpConnectionString(database.Name))
        {
            Host = ServerAddress.ToString(),
            Port = Port,
            Timeout = 5,
            CommandTimeout = 5,
            CancellationTimeout = 500,
        }.ConnectionString;
        _program = [ChaosSilo.Command, seed.ToString(CultureInfo.InvariantCulture)];
        _flags =
        [
            $"--total-partitions={plan.Partitions}", $"--workers={Workers}", "--batch-size=100", "--handler-timeout=3s",
            "--retry-delay=10ms", "--max-retry-delay=500ms", "--table-refresh-timeout=3s",
        ];
        Process = Start();
    }

    public int Index { get; }

    /// <summary>Where packets can be dropped; null if nowhere.</summary>
    public SiloNetwork? Network { get; }

    /// <summary>Where the line to the server begins, beside its port.</summary>
    public IPAddress ServerAddress { get; }

    public SiloProcess Process { get; private set; }

    public TcpProxy Line { get; private set; }

    /// <summary>Where the line to the server begins.</summary>
    public int Port { get; }

    /// <summary>How often the process was started again.</summary>
    public int Restarts => _former.Count;

    public void Revive()
    {
        if (!Process.HasExited)
            return;
        _former.Add(Process);
        Process = Start();
    }

    /// <summary>Ends all connections, on both sides, and accepts others after a while.</summary>
    public async Task RenewLineAsync(TimeSpan pause)
    {
        await Line.DisposeAsync();
        await Task.Delay(pause);
        Line = new TcpProxy(_server.Port, Port, ServerAddress);
    }

    public string Log() => string.Join("\n---- started again ----\n", _former.Append(Process).Select(process => process.Log()));

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _former.Append(Process))
            await process.DisposeAsync();
        await Line.DisposeAsync();
    }

    private SiloProcess Start() => Network is null
        ? SiloProcess.StartAs(_program, _connectionString, _flags)
        : SiloProcess.StartAt(Network.Of(Index), _program, _connectionString, _flags);
}
