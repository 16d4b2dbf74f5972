using System.Net;
using Npgsql;
using Orleans.Runtime;
using Pup.Client.Connections;

namespace Pup.Client.Operations.Status;

/// <summary>Which silos of the cluster are active, by Orleans' own membership table where that may be read.</summary>
internal sealed class MembershipReader(ClientDatabase database, string clusterId, TimeSpan siloTimeout)
{
    // Killed all at once, silos stay active for ever: nobody is left to say otherwise. But none writes any more that it is alive.
    internal const string ActiveSql = """
        select m.address, m.port, m.generation
        from orleans.orleansmembershipversiontable v
        left join orleans.orleansmembershiptable m
            on m.deploymentid = v.deploymentid and m.status = 3 and m.iamalivetime > now() - $2
        where v.deploymentid = $1
        """;

    /// <returns>Addresses as silos write them; null when the table may not be read, is missing, or knows nothing of the cluster.</returns>
    public async Task<IReadOnlySet<string>?> ReadAsync(bool patient, CancellationToken cancellationToken)
    {
        try
        {
            return await database.ReadAsync(ReadAsync, patient, cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState is
            PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.InsufficientPrivilege)
        {
            return null;
        }
    }

    private async Task<IReadOnlySet<string>?> ReadAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(ActiveSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = clusterId });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = siloTimeout });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        HashSet<string>? active = null;
        while (await reader.ReadAsync(cancellationToken))
        {
            active ??= new HashSet<string>(StringComparer.Ordinal);
            if (!reader.IsDBNull(0))
                active.Add(SiloAddress.New(IPAddress.Parse(reader.GetString(0)), reader.GetInt32(1), reader.GetInt32(2)).ToParsableString());
        }

        return active;
    }
}
