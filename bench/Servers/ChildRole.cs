using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pup.Bench.Engine;
using Pup.Bench.Telemetry;
using Pup.Grains;
using Pup.Silo;
using Pup.Silo.Clustering;
using Pup.Silo.Configuration;
using Pup.Silo.Hosting;

namespace Pup.Bench.Servers;

/// <summary>What a child process does.</summary>
internal static class ChildRole
{
    public const string Memory = "child-memory";
    public const string Silo = "child-silo";
    public const string ClusterSilo = "child-cluster-silo";
    public const string EmptySilo = "child-empty-silo";
    public const string Receiver = "child-receiver";
    public const string Projector = "child-projector";

    private const string PortFlag = "--silo-port=";

    public static bool IsOne(string[] args) => args is [Memory or Silo or ClusterSilo or EmptySilo or Receiver or Projector, ..];

    public static async Task<int> RunAsync(string[] args)
    {
        var connectionString = Environment.GetEnvironmentVariable(Child.ConnectionVariable)!;
        // It is told what to do by its standard input, and so sees the end of that by itself.
        if (args[0] == Projector)
            return await Telemetry.Projector.RunAsync(connectionString, long.Parse(args[1], CultureInfo.InvariantCulture), args.ElementAtOrDefault(2));
        var work = args[0] switch
        {
            Silo or ClusterSilo => RunSiloAsync(connectionString, args[1..]),
            EmptySilo => RunEmptySiloAsync(connectionString, args[1..]),
            Receiver => Telemetry.Receiver.RunAsync(),
            _ => MeasureMemoryAsync(connectionString, args),
        };
        // On a thread of its own: reading the console asynchronously blocks all the same.
        var parent = Task.Run(Console.In.ReadToEnd);
        return await Task.WhenAny(work, parent) == work ? await work : 0;
    }

    private static Task<int> RunSiloAsync(string connectionString, string[] flags)
    {
        Environment.SetEnvironmentVariable("DATABASE_URL", connectionString);
        return PupHost.RunAsync(["run", .. flags], pup => pup.AddProjection<OrderTotals>());
    }

    /// <summary>A silo of the cluster without a projection, which the program itself refuses to run.</summary>
    private static async Task<int> RunEmptySiloAsync(string connectionString, string[] flags)
    {
        var port = flags.Single(flag => flag.StartsWith(PortFlag, StringComparison.Ordinal))[PortFlag.Length..];
        var configuration = new SiloConfiguration(new PupOptions { ConnectionString = connectionString }, [], [])
        {
            LogLevel = LogLevel.Warning,
            Cluster = new ClusterSettings { SiloPort = int.Parse(port, CultureInfo.InvariantCulture), Gateway = false },
        };
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "pup" });
        SiloHost.ConfigureClustered(builder, configuration, _ => { });
        using var host = builder.Build();
        using var stop = new CancellationTokenSource();
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        return await SiloLifetime.RunAsync(host, [], work: null, stop.Token);
    }

    /// <summary>Only the engine, nothing by hand: then the most memory this process ever had resident, in kB.</summary>
    private static async Task<int> MeasureMemoryAsync(string connectionString, string[] args)
    {
        var (events, partitions) = (long.Parse(args[1], CultureInfo.InvariantCulture), int.Parse(args[2], CultureInfo.InvariantCulture));
        await EngineContender.Totals(connectionString, partitions).RunAsync(events, CancellationToken.None);
        var peak = (await File.ReadAllLinesAsync("/proc/self/status")).First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        Console.WriteLine(peak.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1]);
        return 0;
    }
}
