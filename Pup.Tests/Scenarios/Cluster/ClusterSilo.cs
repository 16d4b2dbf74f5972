using Pup.Grains;
using Pup.Silo;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Cluster;

/// <summary>The real program with projections of the tests, in a process of its own. Ends when standard input does, so that it cannot outlive its test.</summary>
internal static class ClusterSilo
{
    public const string Command = "cluster-silo";

    public static async Task<int> RunAsync(string[] args)
    {
        // On a thread of its own: reading the console asynchronously blocks all the same.
        _ = Task.Run(() =>
        {
            Console.In.ReadToEnd();
            Environment.FailFast("The test is over.");
        });
        return await PupHost.RunAsync(args, Add);
    }

    private static void Add(PupBuilder pup) => pup.AddProjection<LedgerProjection>().AddProjection<CounterProjection>();
}
