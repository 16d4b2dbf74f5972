namespace Pup.Silo.Doctor;

/// <summary>The names of findings, by which scripts know them; docs/troubleshooting.md has a section for each.</summary>
internal static class Codes
{
    public const string Busy = "busy";
    public const string ConnectionBudget = "connection-budget";
    public const string ConnectionsUsed = "connections-used";
    public const string DatabaseUnreachable = "database-unreachable";
    public const string Deadlocks = "deadlocks";
    public const string FallingBehind = "falling-behind";
    public const string Faulted = "faulted";
    public const string ForeignWriter = "foreign-writer";
    public const string IdleTransaction = "idle-transaction";
    public const string IndexInvalid = "index-invalid";
    public const string IndexMissing = "index-missing";
    public const string IndexUnused = "index-unused";
    public const string Isolation = "isolation";
    public const string Lock = "lock";
    public const string LogWentBack = "log-went-back";
    public const string LongStatement = "long-statement";
    public const string NeedsRebuild = "needs-rebuild";
    public const string NewestEventsMissing = "newest-events-missing";
    public const string NotExamined = "not-examined";
    public const string Parked = "parked";
    public const string PositionsByValue = "positions-by-value";
    public const string PrivilegeMissing = "privilege-missing";
    public const string SchemaMissing = "schema-missing";
    public const string SchemaNewer = "schema-newer";
    public const string SchemaOlder = "schema-older";
    public const string SequenceCache = "sequence-cache";
    public const string SequenceFalls = "sequence-falls";
    public const string SequenceMissing = "sequence-missing";
    public const string Standby = "standby";
    public const string Stuck = "stuck";
    public const string Unplaced = "unplaced";
    public const string VacuumBehind = "vacuum-behind";
    public const string WriterOpen = "writer-open";
}
