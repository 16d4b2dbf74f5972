using Npgsql;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination;

/// <summary>Calls a projection's hooks on its read model, within the transaction that makes them true.</summary>
internal static class ReadModelHooks
{
    public static async Task PrepareAsync(
        IProjection projection, int storedVersion, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        if (projection is not IReadModelProjection readModel)
            return;
        var direct = new DirectTransaction(connection, transaction);
        await readModel.PrepareReadModelAsync(storedVersion, direct, cancellationToken);
        await direct.FlushAsync(cancellationToken);
    }

    public static async Task ResetAsync(
        IResettableProjection projection, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var direct = new DirectTransaction(connection, transaction);
        await projection.ResetAsync(direct, cancellationToken);
        await direct.FlushAsync(cancellationToken);
    }
}
