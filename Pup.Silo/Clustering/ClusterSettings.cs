using System.ComponentModel.DataAnnotations;

namespace Pup.Silo.Clustering;

/// <summary>How silos find and watch each other. Every one can be set by <c>Pup__Name</c> in the environment, or by a flag.</summary>
internal sealed class ClusterSettings
{
    /// <summary>Silos of the same id on the same database form a cluster. Default: pup.</summary>
    public string ClusterId { get; set; } = "pup";

    /// <summary>Owner of the reminders; never to be changed for a database. Default: pup.</summary>
    public string ServiceId { get; set; } = "pup";

    /// <summary>Port for other silos; 0 is 11111 or the next one that is free on this machine. Default: 0.</summary>
    [Range(0, 65_535)]
    public int SiloPort { get; set; }

    /// <summary>Port for clients; 0 is 30000 or the next one that is free on this machine. Default: 0.</summary>
    [Range(0, 65_535)]
    public int GatewayPort { get; set; }

    /// <summary>Whether clients outside the cluster may connect. Default: true.</summary>
    public bool Gateway { get; set; } = true;

    /// <summary>
    /// Address or name by which other silos reach this one. Default: POD_IP; without it the address from which this machine
    /// reaches the database, which is loopback when that is local.
    /// </summary>
    public string AdvertisedAddress { get; set; } = "";

    /// <summary>How long a silo may take to answer a probe. Default: 2 s.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>What the time for a probe may grow to while the prober itself is not well; a frozen silo is noticed after this × missed probes. Default: 4 s.</summary>
    public TimeSpan MaxProbeTimeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>Missed probes after which a silo votes against another. Default: 3.</summary>
    [Range(1, 100)]
    public int NumMissedProbesLimit { get; set; } = 3;

    /// <summary>Votes that evict a silo. Default: 2.</summary>
    [Range(1, 10)]
    public int NumVotesForDeathDeclaration { get; set; } = 2;

    /// <summary>How often membership is read, should a change not have been told. Default: 10 s.</summary>
    public TimeSpan TableRefreshTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a silo writes that it is alive. Default: 5 s.</summary>
    public TimeSpan IAmAliveTablePublishTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Most connections for membership and reminders, beside the engine's workers × 2 + 3. Default: 3.</summary>
    [Range(1, 100)]
    public int ClusterConnections { get; set; } = 3;
}
