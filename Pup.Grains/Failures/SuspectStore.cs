using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Feed;

namespace Pup.Grains.Failures;

/// <summary>
/// Notes, before an event is handled alone, that it is: if the process dies over it, the next owner knows. In statements of their
/// own, because a note inside the event's transaction would die with it.
/// </summary>
internal sealed class SuspectStore(string projection, Generation generation, Ownership ownership)
{
    /// <summary>Deaths over one event alone after which it is held to be the cause; fewer may be a coincidence: processes are killed for other reasons too.</summary>
    public const int Limit = 4;

    private const string RecordSql = """
        update projection_partitions set
            suspect_attempts = case when suspect_position = $3 then suspect_attempts + 1 else 1 end,
            suspect_position = $3
        where projection_name = $1 and partition = $2
        """;

    public async Task RecordAsync(long position, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(RecordSql);
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = ownership.Partition });
        command.Parameters.Add(new() { Value = position });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string ClearSql = """
        update projection_partitions set suspect_position = null, suspect_attempts = 0
        where projection_name = $1 and partition = $2
        """;

    /// <summary>While everything is being taken down: the note may have to stay, and one alone convicts nobody.</summary>
    public async Task TryClearAsync()
    {
        try
        {
            await ClearAsync(CancellationToken.None);
        }
        catch (Exception exception) when (exception is NpgsqlException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }

    public async Task ClearAsync(CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(ClearSql);
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = ownership.Partition });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
