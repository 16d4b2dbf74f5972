using Npgsql;
using Pup.Grains.Projections;

namespace Pup.Bench.Engine;

/// <summary>The engine, started from nothing: its first look and taking ownership are in the time.</summary>
internal sealed class EngineContender(string name, ReadModel readModel, Func<IProjection> create, string connectionString, int partitions) : IContender
{
    public string Name => name;

    public ReadModel ReadModel => readModel;

    public static EngineContender Totals(string connectionString, int partitions) =>
        new("engine", ReadModel.Totals, () => new OrderTotals(), connectionString, partitions);

    public static EngineContender Documents(string connectionString, int partitions) =>
        new("document", ReadModel.Documents(OrderDocuments.ReadModelTable), () => new OrderDocuments(), connectionString, partitions);

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await RunningEngine.RegisterAsync(source, create, partitions, cancellationToken);
    }

    public async Task RunAsync(long target, CancellationToken cancellationToken)
    {
        await using var engine = RunningEngine.Start(connectionString, create, partitions);
        await engine.ReachAsync(target, cancellationToken);
    }
}
