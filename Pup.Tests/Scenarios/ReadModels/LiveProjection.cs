using Npgsql;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Scenarios.ReadModels;

/// <summary>Folds in C#, reading and writing on the live connection.</summary>
internal sealed class LiveProjection(PassingFailures? failures = null) : IReadModelProjection
{
    public string Name => "live";

    public int ReadModelVersion => 1;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        FoldTable.Create(transaction);
        return ValueTask.CompletedTask;
    }

    public async ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var live = await transaction.OpenAsync(cancellationToken);
        var fold = (await ReadAsync(live, @event.AggregateId, cancellationToken)).With(@event);
        await using var write = new NpgsqlCommand(
            """
            insert into folds (projection, aggregate_id, count, hash) values ('live', $1, $2, $3)
            on conflict (projection, aggregate_id) do update set count = $2, hash = $3
            """,
            live.Connection,
            live)
        {
            Parameters = { new() { Value = @event.AggregateId }, new() { Value = fold.Count }, new() { Value = fold.Hash } },
        };
        await write.ExecuteNonQueryAsync(cancellationToken);
        failures?.Strike(Name, @event);
    }

    private static async Task<Fold> ReadAsync(NpgsqlTransaction live, string aggregate, CancellationToken cancellationToken)
    {
        await using var read = new NpgsqlCommand("select count, hash from folds where projection = 'live' and aggregate_id = $1", live.Connection, live)
        {
            Parameters = { new() { Value = aggregate } },
        };
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new Fold(reader.GetInt64(0), reader.GetInt64(1)) : Fold.Empty;
    }
}
