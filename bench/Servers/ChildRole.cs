using System.Globalization;
using Pup.Bench.Engine;
using Pup.Silo;

namespace Pup.Bench.Servers;

/// <summary>What a child process does.</summary>
internal static class ChildRole
{
    public const string Memory = "child-memory";
    public const string Silo = "child-silo";

    public static bool IsOne(string[] args) => args is [Memory, ..] or [Silo, ..];

    public static async Task<int> RunAsync(string[] args)
    {
        var connectionString = Environment.GetEnvironmentVariable(Child.ConnectionVariable)!;
        var work = args[0] == Silo ? RunSiloAsync(connectionString) : MeasureMemoryAsync(connectionString, args);
        // On a thread of its own: reading the console asynchronously blocks all the same.
        var parent = Task.Run(Console.In.ReadToEnd);
        return await Task.WhenAny(work, parent) == work ? await work : 0;
    }

    private static Task<int> RunSiloAsync(string connectionString)
    {
        Environment.SetEnvironmentVariable("DATABASE_URL", connectionString);
        return PupHost.RunAsync(["run"], pup => pup.AddProjection<OrderTotals>());
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
