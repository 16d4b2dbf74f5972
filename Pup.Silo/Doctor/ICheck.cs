namespace Pup.Silo.Doctor;

/// <summary>One question that is put to the database; made anew for each examination.</summary>
internal interface ICheck
{
    /// <summary>What it looks at, as in "… could not be looked at".</summary>
    string Subject { get; }

    /// <summary>Notes how things stand before the time that is watched.</summary>
    Task BeginAsync(ExaminedDatabase database, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Looks, after that time, and judges.</summary>
    Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken);
}
