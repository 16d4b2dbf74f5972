using System.Globalization;
using Microsoft.Extensions.Hosting;
using Pup.Client;

namespace Pup.Tests.Scenarios.Chaos;

/// <summary>
/// What an operator orders, a line each: <c>7 repartition ledger 5</c>, <c>8 rebuild docs</c>. Answers <c>order 7 done</c> or <c>order 7 failed</c>
/// on standard error. Ends the process when standard input ends, so that it cannot outlive its test.
/// </summary>
internal sealed class OrdersFromInput(IGrainFactory grains) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // On a thread of its own: reading the console asynchronously blocks all the same.
        _ = Task.Run(
            () =>
            {
                while (Console.In.ReadLine() is { } line)
                    _ = FollowAsync(line.Split(' '));
                Environment.FailFast("The test is over.");
            },
            CancellationToken.None);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task FollowAsync(string[] words)
    {
        try
        {
            var projection = grains.GetGrain<IProjectionGrain>(words[2]);
            await (words[1] == "rebuild" ? projection.RebuildAsync() : projection.RepartitionAsync(int.Parse(words[3], CultureInfo.InvariantCulture)));
            await Console.Error.WriteLineAsync($"order {words[0]} done");
        }
        catch (Exception exception)
        {
            await Console.Error.WriteLineAsync($"order {words[0]} failed: {exception.GetType().Name} {exception.Message}");
        }
    }
}
