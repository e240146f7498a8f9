"""The card list as SQL, for the peer without any framework."""

SQL = """
select s.id::text as stay_id, s.job_id::text as job_id, j.sequence_number, j.plate_normalised,
       j.plate_country, j.plate, c.name, v.make, v.model, v.colour, j.status,
       coalesce(nullif(t.labels ->> $2, ''), t.labels ->> 'en') as task,
       j.estimated_completion, s.arrived_at,
       ($3::date - timezone($4, s.arrived_at)::date) as days_inside
from vehicle_presence_stays s
join jobs j on j.tenant_id = s.tenant_id and j.id = s.job_id
join customers c on c.tenant_id = j.tenant_id and c.id = j.customer_id
join vehicles v on v.tenant_id = j.tenant_id and v.id = j.vehicle_id
left join job_tasks t on t.tenant_id = j.tenant_id and t.job_id = j.id and t.key = j.current_task
where s.tenant_id = $1 and s.left_at is null
order by s.arrived_at, s.id
limit 61
"""
