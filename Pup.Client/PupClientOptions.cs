namespace Pup.Client;

/// <summary>Settings of the client. In a host that also runs a silo, none is needed.</summary>
public sealed class PupClientOptions
{
    /// <summary>
    /// The database of the log, as a postgres:// URL or as Npgsql has it. Default: DATABASE_URL, or <c>Pup:ConnectionString</c> of the
    /// configuration; beside a silo, the silo's own.
    /// </summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>Silos of this id are called; beside a silo, its own. Default: pup, or <c>Pup:ClusterId</c>.</summary>
    public string ClusterId { get; set; } = "pup";

    /// <summary>Owner of the cluster's reminders; as the silos have it. Default: pup, or <c>Pup:ServiceId</c>.</summary>
    public string ServiceId { get; set; } = "pup";

    /// <summary>Most connections that are opened to the database. Default: 2.</summary>
    public int Connections { get; set; } = 2;

    /// <summary>How long a command is tried again while no silo answers. Default: 30 s.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A silo that has not written that it is alive for so long is taken for gone. Default: 30 s.</summary>
    public TimeSpan SiloTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
