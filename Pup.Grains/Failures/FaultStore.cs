using Pup.Grains.Checkpoints;
using Pup.Grains.Feed;

namespace Pup.Grains.Failures;

/// <summary>Makes a partition's fault outlive the process, so that a restart does not quietly try the same thing again.</summary>
internal static class FaultStore
{
    /// <summary>The kind of a fault that somebody else's writing into a checkpoint caused.</summary>
    public const string ForeignWriter = "foreign_writer";

    private const string SetSql = """
        update projection_partitions set fault = $3, fault_kind = $6, faulted_at = now()
        where projection_name = $1 and partition = $2
            and exists (select 1 from projection_checkpoints where projection_name = $4 and epoch = $5 for share)
        """;

    private const string SetTroubleSql = """
        update projection_partitions set trouble = $3
        where projection_name = $1 and partition = $2
            and exists (select 1 from projection_checkpoints where projection_name = $4 and epoch = $5 for share)
        """;

    /// <summary>Says what the database lacks, for as long as it does: the next attempt starts without it.</summary>
    public static async Task SetTroubleAsync(Generation generation, string projection, Ownership ownership, string trouble, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(SetTroubleSql);
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = ownership.Partition });
        command.Parameters.Add(new() { Value = DeadLetterCommands.Printable(trouble) });
        command.Parameters.Add(new() { Value = ownership.Row });
        command.Parameters.Add(new() { Value = ownership.Epoch });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <returns>False when the partition has another owner by now.</returns>
    public static async Task<bool> SetAsync(Generation generation, string projection, Ownership ownership, string fault, string? kind, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(SetSql);
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = ownership.Partition });
        command.Parameters.Add(new() { Value = DeadLetterCommands.Printable(fault) });
        command.Parameters.Add(new() { Value = ownership.Row });
        command.Parameters.Add(new() { Value = ownership.Epoch });
        command.Parameters.Add(new() { Value = (object?)kind ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }
}
