using Pup.Silo;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>The real program with projections of every kind of key, in a process of its own. Ends when standard input does.</summary>
internal static class WaitForSilo
{
    public const string Command = "wait-for-silo";

    public static Task<int> RunAsync(string[] flags)
    {
        // On a thread of its own: reading the console asynchronously blocks all the same.
        _ = Task.Run(static () =>
        {
            Console.In.ReadToEnd();
            Environment.FailFast("The test is over.");
        });
        return PupHost.RunAsync(flags, static pup => pup.AddProjection<LedgerProjection>().AddProjection<TenantLedger>().AddProjection<WordDocuments>());
    }
}
