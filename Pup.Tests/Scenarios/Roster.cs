using Pup.Grains.Coordination;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

/// <summary>
/// What supervisors do for several silos: sees to it that each partition there is runs on one of the engines, and now and then starts one a
/// second time, elsewhere, so that owners overlap.
/// </summary>
internal sealed class Roster(IReadOnlyList<TestEngine> engines, IReadOnlyList<ProjectionDefinition> definitions, Random random)
{
    private readonly Dictionary<(string Projection, int Partition), PartitionRunner> _runners = [];

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await EnsureAsync();
            await Task.Delay(15, CancellationToken.None);
        }
    }

    /// <summary>Waits until every row of every projection is at the end of the log.</summary>
    public Task CaughtUpAsync(TestDatabase database) => Eventually.TrueAsync(
        async () =>
        {
            await EnsureAsync();
            return await database.ScalarAsync<bool>(
                """
                select (select count(*) from projection_checkpoints) = (select sum(partitions) from projections)
                    and (select min(last_global_position) from projection_checkpoints) >= (select max(global_position) from events)
                """);
        },
        TimeSpan.FromSeconds(120),
        "every checkpoint at the end of the log");

    private async Task EnsureAsync()
    {
        foreach (var definition in definitions)
        {
            var generation = await engines[0].Feed.GenerationAsync(CancellationToken.None);
            var status = await new ProjectionStateStore(generation.DataSource).FindAsync(definition.Name, CancellationToken.None);
            for (var partition = 0; partition < status!.Partitions; partition++)
            {
                var known = _runners.GetValueOrDefault((definition.Name, partition));
                if (known is { State: not (PartitionState.Left or PartitionState.Gone) } && random.Next(200) > 0)
                    continue;
                _runners[(definition.Name, partition)] = engines[random.Next(engines.Count)].Run(definition, partition);
            }
        }
    }
}
