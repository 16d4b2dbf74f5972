using Npgsql;
using Pup.Grains.Feed;

namespace Pup.Grains.Checkpoints;

/// <summary>Reads a checkpoint row again when a fence was lost or the outcome of a commit is unknown.</summary>
internal static class CheckpointReader
{
    private const string ReadSql = """
        select epoch, last_global_position, 1 / (not pg_try_advisory_xact_lock_shared($2))::int
        from projection_checkpoints where projection_name = $1
        """;

    /// <returns>The row, or null when it is missing.</returns>
    /// <exception cref="GenerationEndedException">The look session is gone.</exception>
    public static async Task<CheckpointRow?> ReadAsync(Generation generation, string row, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = generation.DataSource.CreateCommand(ReadSql);
            command.Parameters.Add(new() { Value = row });
            command.Parameters.Add(new() { Value = generation.Key });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken) ? new CheckpointRow(reader.GetInt64(0), reader.GetInt64(1)) : null;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.DivisionByZero)
        {
            throw new GenerationEndedException(generation.Number);
        }
    }
}
