using Npgsql;
using Pup.Client.Operations;
using Pup.Client.Operations.DeadLetters;

namespace Pup.Grains.Failures;

/// <summary>Marks dead letters with what an operator asks of them; the partitions that own them work it off.</summary>
internal sealed class DeadLetterRequests(NpgsqlDataSource dataSource)
{
    // Locked in one order: two operators must not deadlock each other.
    private const string RequestSql = """
        with chosen as (
            select id from projection_dead_letters
            where projection_name = $1 and ($2::bigint is null or id = $2) and ($3::text is null or ordering_key = $3)
                and ($4::text is null or position($4 in error) > 0) and ($5::bigint is null or id > $5)
            order by id for update)
        update projection_dead_letters d set requested = $6 from chosen where d.id = chosen.id
        """;

    /// <param name="projection">Name of the projection.</param>
    /// <param name="filter">Which of its dead letters; its limit does not count.</param>
    /// <param name="request">Retry or discard.</param>
    /// <param name="cancellationToken">Stops waiting for locks.</param>
    /// <returns>How many there are.</returns>
    public async Task<long> RequestAsync(string projection, DeadLetterFilter filter, string request, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(RequestSql);
        DeadLetterConditions.AddTo(command.Parameters, projection, filter);
        command.Parameters.Add(new() { Value = request });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
