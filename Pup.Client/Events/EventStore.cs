using System.Diagnostics;
using System.Runtime.CompilerServices;
using Npgsql;

namespace Pup.Client.Events;

/// <summary>
/// Appends events to the log and reads the stream of one aggregate. The tables are pupsourcing v1's, and its Go
/// applications may write to the same log at the same time. Appending does not notify: readers poll, since a NOTIFY in
/// every append would make all commits of the database queue up.
/// </summary>
/// <remarks>
/// With <c>Max Auto Prepare=20</c> (or more) in the connection string an append costs the server half as much: planning takes
/// as long as the append itself. It is left to the caller, since some connection poolers cannot take prepared statements.
/// </remarks>
/// <param name="dataSource">Connections to the database of the log; their Search Path names its schema.</param>
public sealed class EventStore(NpgsqlDataSource dataSource)
{
    private const int AttemptsAtAny = 20;
    private static readonly TimeSpan s_diagnosisTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Appends events to one aggregate in a transaction of their own and one round trip. With <see cref="ExpectedVersion.Any"/>
    /// appends to one aggregate queue up, and one that still loses against another writer is tried again.
    /// </summary>
    /// <remarks>
    /// When the connection breaks or <paramref name="cancellationToken"/> is cancelled, the events may have been written or
    /// not; append the same events again: <see cref="DuplicateEventException"/> then means that they had been.
    /// </remarks>
    /// <exception cref="OptimisticConcurrencyException">The aggregate is not at the expected version. Nothing was written.</exception>
    /// <exception cref="DuplicateEventException">One of the event ids is in the log already. Nothing was written.</exception>
    /// <exception cref="ArgumentException">There are no events, or one of them cannot be stored; the message says which and why.</exception>
    public async Task<AppendResult> AppendAsync(
        string boundedContext, string aggregateType, string aggregateId, ExpectedVersion expectedVersion, IReadOnlyList<Event> events,
        CancellationToken cancellationToken = default)
    {
        var append = new AppendBatch(new AggregateKey(boundedContext, aggregateType, aggregateId), expectedVersion, events, Activity.Current);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var (result, violation) = await append.ExecuteAsync(connection, transaction: null, cancellationToken);
            if (result is not null)
                return result;
            var conflict = await AppendConflict.DescribeAsync(
                connection, transaction: null, append.Aggregate, expectedVersion, append.EventIds, violation, cancellationToken);
            if (conflict is not OptimisticConcurrencyException || !expectedVersion.IsAny || attempt == AttemptsAtAny)
                throw conflict;
        }
    }

    /// <summary>
    /// Appends events to one aggregate inside the caller's transaction, in one round trip: they are in the log when the caller
    /// commits. Until then a later append to the same aggregate waits.
    /// </summary>
    /// <remarks>
    /// After any exception but an <see cref="ArgumentException"/> roll the transaction back: PostgreSQL has aborted it whenever
    /// a statement failed, also when another writer was noticed only at the insert, and refuses everything but a rollback
    /// (or a rollback to a savepoint of the caller's). <see cref="ExpectedVersion.Any"/> can lose against such a writer too. Under
    /// repeatable read or serializable a lost race may also be a <see cref="PostgresException"/> with SQLSTATE 40001.
    /// </remarks>
    /// <exception cref="OptimisticConcurrencyException">The aggregate is not at the expected version.</exception>
    /// <exception cref="DuplicateEventException">One of the event ids is in the log already.</exception>
    /// <exception cref="ArgumentException">There are no events, or one of them cannot be stored; the message says which and why.</exception>
    public async Task<AppendResult> AppendAsync(
        string boundedContext, string aggregateType, string aggregateId, ExpectedVersion expectedVersion, IReadOnlyList<Event> events,
        NpgsqlTransaction transaction, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var connection = transaction.Connection ?? throw new ArgumentException("The transaction has ended already.", nameof(transaction));
        var append = new AppendBatch(new AggregateKey(boundedContext, aggregateType, aggregateId), expectedVersion, events, Activity.Current);
        var (result, violation) = await append.ExecuteAsync(connection, transaction, cancellationToken);
        if (result is not null)
            return result;
        throw violation is null
            ? await AppendConflict.DescribeAsync(
                connection, transaction, append.Aggregate, expectedVersion, append.EventIds, violation, cancellationToken)
            : await DescribeElsewhereAsync(append, expectedVersion, violation, cancellationToken);
    }

    /// <summary>Reads the events of one aggregate in version order, as they arrive; a connection is in use until the end.</summary>
    /// <param name="boundedContext">Bounded context of the aggregate.</param>
    /// <param name="aggregateType">Type of the aggregate.</param>
    /// <param name="aggregateId">Identity of the aggregate.</param>
    /// <param name="fromVersion">First version wanted.</param>
    /// <param name="toVersion">Last version wanted.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async IAsyncEnumerable<PersistedEvent> ReadStreamAsync(
        string boundedContext, string aggregateType, string aggregateId, long fromVersion = 1, long toVersion = long.MaxValue,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        const string sql = $"""
            select {EventRow.Columns}
            from events
            where bounded_context = $1 and aggregate_type = $2 and aggregate_id = $3 and aggregate_version between $4 and $5
            order by aggregate_version
            """;
        await using var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = boundedContext });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = aggregateType });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = aggregateId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = fromVersion });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = toVersion });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            yield return EventRow.Read(reader);
    }

    // The caller's own connection answers nothing more. Another one may have to be waited for, and perhaps every one of the
    // pool is held by a caller in this very place: then the exception goes without the details.
    private async Task<Exception> DescribeElsewhereAsync(
        AppendBatch append, ExpectedVersion expected, PostgresException violation, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_diagnosisTimeout);
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(limit.Token);
            return await AppendConflict.DescribeAsync(
                connection, transaction: null, append.Aggregate, expected, append.EventIds, violation, limit.Token);
        }
        catch (Exception error) when (error is NpgsqlException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return AppendConflict.Describe(append.Aggregate, expected, actual: null, violation);
        }
    }
}
