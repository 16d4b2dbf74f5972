using Npgsql;
using Pup.Client.Connections;

namespace Pup.Client.Operations.Cluster;

/// <summary>Knows from the audit whether some silo has begun a command that nobody has answered.</summary>
internal sealed class BegunCommands(ClientDatabase database)
{
    private const string UnderWaySql = "select exists (select from projection_audit where operation = $1 and result = 'started')";

    public Task<bool> IsUnderWayAsync(Guid identity, CancellationToken cancellationToken) => database.ReadAsync(
        async (source, token) =>
        {
            await using var command = source.CreateCommand(UnderWaySql);
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = identity });
            return await command.ExecuteScalarAsync(token) is true;
        },
        patient: false,
        cancellationToken);
}
