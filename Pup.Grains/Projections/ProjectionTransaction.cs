using Npgsql;

namespace Pup.Grains.Projections;

/// <summary>
/// The one transaction in which a batch's read-model changes and the partition's checkpoint commit together.
/// </summary>
public abstract class ProjectionTransaction
{
    private protected ProjectionTransaction()
    {
    }

    /// <summary>
    /// Queues a statement with positional parameters (<c>$1</c>, <c>$2</c>, …). Queued statements travel to the server in one
    /// round trip, in order, when the batch commits or the transaction is opened. This is the fast way. What concerns the session
    /// rather than the transaction (<c>set</c> without <c>local</c>, temporary tables, session locks) may or may not outlive the batch.
    /// </summary>
    /// <exception cref="ArgumentException">The statement is empty or controls the transaction (commit, rollback, …); savepoints are allowed.</exception>
    public abstract void Execute(string sql, params ReadOnlySpan<object?> args);

    /// <summary>
    /// Sends what is queued and gives the live transaction, for handlers that must read first. Use its connection with
    /// plain Npgsql, Dapper or EF Core; never commit or roll it back.
    /// </summary>
    /// <exception cref="NpgsqlException">The database refused a queued statement or was not reachable.</exception>
    public abstract ValueTask<NpgsqlTransaction> OpenAsync(CancellationToken cancellationToken = default);

    /// <summary>Queues a command that was built already, for example with array parameters.</summary>
    internal abstract void Execute(NpgsqlBatchCommand command);

    /// <summary>
    /// Sends the fence, what is queued, and <paramref name="query"/> in one round trip; the reader stands on the rows of the query.
    /// The caller disposes the reader.
    /// </summary>
    internal abstract ValueTask<NpgsqlDataReader> QueryAsync(NpgsqlBatchCommand query, CancellationToken cancellationToken);

    /// <summary>Index of the item being handled, so that a failure is laid at the right event; -1 for "the batch as a whole".</summary>
    internal abstract int CurrentItem { get; set; }
}
