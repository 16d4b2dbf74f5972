using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Feed;

namespace Pup.Grains.Failures;

/// <summary>
/// Notes, before an event is handled alone, that it is: if the process dies over it, the next owner knows. In statements of their
/// own, because a note inside the event's transaction would die with it. Under a lock on the checkpoint row with its own epoch:
/// an owner that was frozen and wakes up must neither accuse nor acquit an event that another one has in hand.
/// </summary>
internal sealed class SuspectStore(string projection, Generation generation, Ownership ownership)
{
    /// <summary>
    /// Deaths over one event alone after which it is held to be the cause. Counted are only those in which its own attempt was in hand
    /// and no other event was, and still fewer may be a coincidence: a process that is killed often is killed during something, and
    /// after each start the first event in hand is the same one. Nothing in the database tells such a death from its own.
    /// </summary>
    public const int Limit = 4;

    private const string RecordSql = """
        update projection_partitions set
            suspect_attempts = case when suspect_position = $3 then suspect_attempts + 1 else 1 end,
            suspect_position = $3
        where projection_name = $1 and partition = $2
            and exists (select 1 from projection_checkpoints where projection_name = $4 and epoch = $5 for share)
        """;

    /// <summary>Does nothing when the partition has another owner by now; the fence of the event's transaction will tell.</summary>
    public async Task RecordAsync(long position, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(RecordSql);
        command.Parameters.Add(new() { Value = projection });
        command.Parameters.Add(new() { Value = ownership.Partition });
        command.Parameters.Add(new() { Value = position });
        command.Parameters.Add(new() { Value = ownership.Row });
        command.Parameters.Add(new() { Value = ownership.Epoch });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string ClearSql = """
        update projection_partitions set suspect_position = null, suspect_attempts = 0
        where projection_name = $1 and partition = $2
            and exists (select 1 from projection_checkpoints where projection_name = $3 and epoch = $4 for share)
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
        command.Parameters.Add(new() { Value = ownership.Row });
        command.Parameters.Add(new() { Value = ownership.Epoch });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
